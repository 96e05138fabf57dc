"""What can go wrong in a command itself."""


class CommandFailed(Exception):  # noqa: N818 - reads as the sentence it carries
    """A command can't do what it was asked; the text says why in one sentence."""


class OutOfReach(CommandFailed):
    """The folder of a row is not here or can't be located from here, or its file can't be looked at here."""
