"""What can go wrong in a command itself."""


class CommandFailed(Exception):  # noqa: N818 - reads as the sentence it carries
    """A command can't do what it was asked; the text says why in one sentence."""
