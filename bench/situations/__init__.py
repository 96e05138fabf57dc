"""Read digits and numbers in the situations that people's pictures come in: `python -m bench.situations`."""
