"""What can go wrong with a supervised run."""


class RunFailed(Exception):  # noqa: N818 - reads as the sentence it carries
    """`digits run` can't start or go on; the text says why in one sentence."""
