"""What can go wrong with the watched folder."""


class FolderMissing(Exception):  # noqa: N818 - named for what is wrong
    """The watched folder is not there (or not mounted, or not readable): an error, never "all files are gone"."""
