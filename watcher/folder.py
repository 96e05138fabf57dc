"""Look at the watched folder: its files, their sizes and times. Opens none of them."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from watcher.errors import FolderMissing

#: Endings that programs give to files they still write.
UNFINISHED_ENDINGS = (b".part", b".partial", b".crdownload", b".download", b".filepart", b".tmp", b".swp", b"~")


@dataclass(frozen=True)
class FileState:
    """A file at the moment of one look; `path` is relative to the watched folder."""

    path: bytes
    size: int
    mtime_ns: int


def is_ours(path: bytes) -> bool:
    """Whether a path counts: no part of it is hidden or named like an unfinished download."""
    return all(map(_is_our_name, path.split(b"/")))


def _is_our_name(name: bytes) -> bool:
    return not (name.startswith(b".") or name.lower().endswith(UNFINISHED_ENDINGS))


def require_folder(folder: bytes) -> os.stat_result:
    """Raise FolderMissing unless the folder exists and can be listed."""
    shown = os.fsdecode(folder)
    try:
        found = os.stat(folder)
    except OSError as error:
        raise FolderMissing(f"the folder {shown} is not there ({error.strerror})") from error
    if not stat.S_ISDIR(found.st_mode):
        raise FolderMissing(f"{shown} is not a folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise FolderMissing(f"the folder {shown} can't be read (permission denied)")
    return found


def look_at(folder: bytes, path: bytes) -> FileState | None:
    """Look at one path; None for nothing and for a directory. Follows no link."""
    try:
        found = os.lstat(os.path.join(folder, path))
    except OSError:
        return None
    return None if stat.S_ISDIR(found.st_mode) else FileState(path, found.st_size, found.st_mtime_ns)


def scan(folder: bytes, below: bytes = b"") -> Iterator[FileState]:
    """Find every file that counts in the folder, or below one directory in it. Follows no link.

    A directory that vanishes or can't be read is skipped, and the next scan looks again. Memory does not grow with the
    folder: each file is given before the next look.
    """
    waiting = [below] if is_ours(below) else []
    while waiting:
        directory = waiting.pop()
        inside = os.path.join(directory, b"")
        with suppress(OSError), os.scandir(os.path.join(folder, directory)) as entries:
            for entry in entries:
                if not _is_our_name(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(inside + entry.name)
                elif state := _state(inside + entry.name, entry):
                    yield state


def _state(path: bytes, entry: "os.DirEntry[bytes]") -> FileState | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return FileState(path, found.st_size, found.st_mtime_ns)
