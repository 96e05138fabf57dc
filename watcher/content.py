"""Tell whether a file has the content that was read: by its hash, as the ledger keeps it."""

import hashlib

from regular_file import MAX_BYTES, opened


def read_digest(folder: bytes, path: bytes) -> str:
    """Give the SHA-256 of a regular file in hex, below the folder through no link, as its reader opens it.

    Raises what `regular_file.opened` raises.
    """
    with (
        opened(path, most=MAX_BYTES, links=False, below=folder) as (descriptor, _),
        open(descriptor, "rb", closefd=False) as file,
    ):
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(folder: bytes, path: bytes) -> str | None:
    """Give the SHA-256 as `read_digest` does; None if the file can't be read, or is no regular file."""
    try:
        return read_digest(folder, path)
    except (OSError, ValueError):  # a zero byte within the path is a ValueError
        return None
