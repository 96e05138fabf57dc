"""Make up written numbers, and train the network that reads them."""
