"""Measure what the README states. Every module is a command: `python -m bench.throughput --help`."""
