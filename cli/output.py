"""Write a file so that it takes its place at once and only when it is whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cli.errors import CommandFailed
from presentation.text import printable


def require_writable(out: Path) -> None:
    """Find out before the work whether `replacing` has a chance. Raises CommandFailed."""
    if out.exists() and not out.is_file():
        raise CommandFailed(f"{printable(str(out))} is not a file that can be replaced")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise CommandFailed(f"{printable(str(out))} can't be written: its folder is missing or not open to you")


@contextmanager
def replacing(out: Path) -> Iterator[IO[str]]:
    """Give a UTF-8 file beside `out` that takes its place at the end; after an error nothing of it stays.

    Raises CommandFailed if `out` can't be written.
    """
    require_writable(out)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=out.parent, prefix=".digits-", suffix=".tmp", delete=False
        ) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).chmod(0o666 & ~_umask())
                Path(file.name).replace(out)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CommandFailed(f"{printable(str(out))} can't be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
