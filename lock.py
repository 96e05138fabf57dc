"""Exclude other processes with a locked file; the kernel unlocks it when its holder dies."""

import fcntl
from pathlib import Path
from typing import BinaryIO


def locked(path: Path, *, wait: bool) -> BinaryIO:
    """Lock the file at `path` until the given file is closed. Makes the file and its folder if they are missing.

    Raises BlockingIOError if another holder has it and this one does not `wait`, or OSError if it can't be locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file is never deleted: a lock on a deleted file excludes nobody.
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file
