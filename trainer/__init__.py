"""Rebuild the model on MNIST: data, network, fit, evaluate, gate, publish."""
