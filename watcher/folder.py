"""Look at the watched folder: its files, their sizes and times. Opens none of them."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog

from db.intake import SeenFile
from db.paths import to_text
from watcher.errors import FolderMissing
from watcher.mounts import keeps_inodes
from watcher.selection import Selection, is_other_kind

#: Number of paths that are remembered, so that each is logged once.
_REMEMBERED = 10_000

_log = structlog.get_logger()


@dataclass(frozen=True)
class FileState:
    """A file at the moment of one look; `path` is relative to the watched folder."""

    path: bytes
    size: int
    mtime_ns: int
    #: When content, owner, rights or name last changed. Nobody can set it.
    ctime_ns: int = field(default=0, compare=False)
    device: int = field(default=0, compare=False)
    inode: int = field(default=0, compare=False)

    def seen(self) -> SeenFile:
        """Give it as the ledger takes it."""
        return SeenFile(to_text(self.path), self.size, self.mtime_ns, self.ctime_ns, self.device, self.inode)


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


class Folder:
    """A watched folder, as far as it counts. Logs each path once that is passed over or can't be seen."""

    def __init__(self, path: bytes, selection: Selection | None = None) -> None:
        self.path = path
        self._selection = selection or Selection()
        self._told: set[bytes] = set()
        self._keeps_inodes = keeps_inodes(path)

    def look(self, path: bytes) -> FileState | None:
        """Look at one path; None for nothing, for a directory and for what does not count. Follows no link."""
        return self._state(path, os.path.join(self.path, path)) if self._selection.takes(path) else None

    def scan(self, below: bytes = b"") -> Iterator[FileState]:
        """Find every file that counts in the folder, or below one directory in it. Follows no link.

        A directory that vanishes or can't be read is skipped, and the next scan looks again. Memory does not grow with
        the folder: each file is given before the next look.
        """
        if not below:  # something may be mounted there by now
            self._keeps_inodes = keeps_inodes(self.path)
        waiting = [below] if not below or self._selection.takes(below) else []
        while waiting:
            directory = waiting.pop()
            inside = os.path.join(directory, b"")
            try:
                with os.scandir(os.path.join(self.path, directory)) as entries:
                    for entry in entries:
                        path = inside + entry.name
                        if not self._selection.passes(path):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(path)
                        elif state := self._state(path, entry):
                            yield state
            except OSError as error:
                self._unseen(directory, error)

    def _state(self, path: bytes, at: "bytes | os.DirEntry[bytes]") -> FileState | None:
        try:
            found = os.lstat(at) if isinstance(at, bytes) else at.stat(follow_symlinks=False)
        except OSError as error:
            self._unseen(path, error)
            return None
        if stat.S_ISDIR(found.st_mode):
            return None
        if is_other_kind(path):
            self._tell(path, "passed over, as its name says that it is no picture")
            return None
        inode = found.st_ino if self._keeps_inodes else 0
        return FileState(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_dev, inode)

    def _unseen(self, path: bytes, error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):  # those have vanished
            self._tell(path, "passed over, as it can't be seen", why=error.strerror)

    def _tell(self, path: bytes, event: str, **known: str | None) -> None:
        if path not in self._told and len(self._told) < _REMEMBERED:
            self._told.add(path)
            _log.warning(event, path=to_text(path), **known)
