"""Open a path only if it is a regular file of bounded size, and tell whether a file is gone."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

#: Not waiting for a pipe's writer, not handing the file to child processes.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
#: A directory that is only passed through need not be readable, where the system knows that difference.
_PASSED = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
#: Bytes a picture's file may have: a 48-megapixel photograph as PNG takes some 50 MB.
MAX_BYTES = 64 * 1024 * 1024
NO_FILE = "not a regular file"
BELOW_LINK = "below a symbolic link; links are not followed"


class NoFileError(OSError):
    """The path leads to something else than a regular file."""


class TooLongError(OSError):
    """The file has more bytes than are read."""


@contextmanager
def opened(
    path: bytes | Path, *, most: int, links: bool, below: bytes | None = None
) -> Iterator[tuple[int, os.stat_result]]:
    """Give a descriptor of the regular file at `path`, of at most `most` bytes, and its status.

    Raises NoFileError, TooLongError, or what else the system raises. A symbolic link is followed only with `links`.
    With `below`, the path is relative to that folder, and none of its directories may be a link either: whoever writes
    into the folder can't have a file outside of it read. The folder itself may be a link.
    """
    with ExitStack() as stack:
        place = None
        if below is not None:
            *directories, path = os.fsencode(path).split(b"/")
            place = stack.enter_context(_directory(below, directories))
        # Opening alone has effects on what is no file: it lets a pipe's waiting writer go on. A link fails to open.
        mode = os.stat(path, dir_fd=place, follow_symlinks=links).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise NoFileError(0, NO_FILE)
        descriptor = os.open(path, _FLAGS if links else _FLAGS | os.O_NOFOLLOW, dir_fd=place)
        stack.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NoFileError(0, NO_FILE)
        if status.st_size > most:
            raise TooLongError(0, f"{status.st_size} bytes is more than the {most} allowed")
        yield descriptor, status


@contextmanager
def _directory(folder: bytes, names: list[bytes]) -> Iterator[int]:
    """Give a descriptor of the directory that `names` lead to from `folder`, one after the other, through no link."""
    place = os.open(folder, _PASSED)
    try:
        for name in names:
            inner = _entered(place, name)
            os.close(place)
            place = inner
        yield place
    finally:
        os.close(place)


def _entered(place: int, name: bytes) -> int:
    if name in (b"", b".", b".."):
        raise NoFileError(0, NO_FILE)
    try:
        return os.open(name, _PASSED | os.O_NOFOLLOW, dir_fd=place)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
            raise NoFileError(0, BELOW_LINK) from None
        raise


def is_gone(path: bytes) -> bool:
    """Whether nothing is at `path`. Raises OSError if nobody can tell here, as in a directory of another user."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no file has a zero byte in its name
        return True
    return False


def may_be_there(path: bytes) -> bool:
    """Whether something is at `path`, or nobody can tell here."""
    try:
        return not is_gone(path)
    except OSError:
        return True


def read_to_end(descriptor: int, size: int) -> bytes:
    """Read one byte more than `size` if the file has grown, never further."""
    data = os.read(descriptor, size + 1)
    while len(data) < size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


def read_short(path: Path, *, most: int) -> bytes:
    """Read all of a regular file, of at most `most` bytes; raises as `opened` does. A symbolic link is followed."""
    with opened(path, most=most, links=True) as (descriptor, _):
        data = read_to_end(descriptor, most)
    if len(data) > most:
        raise TooLongError(0, f"it has more than the {most} bytes allowed")
    return data
