"""The command line: parse, delegate, show."""
