"""The files in `var/log`: open to their user alone, and of a bounded size."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

#: Bytes after which a log begins anew. The old text is kept as `NAME.log.1`, until the next time.
MOST_BYTES = 10_000_000


def make_log_folder(var_dir: Path) -> Path:
    """Make `var_dir` and its `log`, for this user alone; gives the latter. Keeps the modes of what is there.

    Raises OSError.
    """
    folder = var_dir / "log"
    for path in (var_dir, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def open_log(path: Path) -> BinaryIO:
    """Open a log to add to it. Several processes may do so at once. Makes its folder again if somebody removed it.

    Raises OSError.
    """
    make_log_folder(path.parent.parent)
    return open(path, "ab", opener=_private)


def rotate(folder: Path) -> None:
    """Let each log that has grown too large begin anew.

    Its text is copied and the file emptied, as the processes that write it hold it open. A line that comes in between
    is lost. So is nothing else: each line is appended to what is there. A full disk puts it off.
    """
    for log in folder.glob("*.log"):
        try:
            if log.stat().st_size > MOST_BYTES:
                with log.open("rb") as text, open(f"{log}.1", "wb", opener=_private) as kept:
                    shutil.copyfileobj(text, kept)
                os.truncate(log, 0)
        except OSError:
            continue


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
