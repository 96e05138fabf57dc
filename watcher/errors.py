"""What can go wrong with the watched folder."""


class FolderMissing(Exception):  # noqa: N818 - named for what is wrong
    """The watched folder is missing, not mounted or not readable. Its files are not gone for that."""
