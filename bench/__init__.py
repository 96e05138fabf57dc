"""Measure what `docs/measured.md` states. Every module is a command: `python -m bench.throughput --help`.

`bench.samples` makes the images of `digits/`.
"""
