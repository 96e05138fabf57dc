"""What can go wrong with a user's labelled pictures."""


class BadLabels(Exception):  # noqa: N818 - named for what is wrong
    """The labels, or the folder they are about, can't be used; the text says why in one sentence."""
