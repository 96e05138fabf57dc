"""Tell whether a file has the content that was read: by its hash, as the ledger keeps it."""

import hashlib
import os
import stat

#: Bytes of the longest file that is hashed; a longer one is never read, so the ledger has no hash of it.
MAX_BYTES = 64 * 1024 * 1024


def digest(path: bytes) -> str | None:
    """Give the SHA-256 of a regular file in hex; None if it can't be read, or is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None
