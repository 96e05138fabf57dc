"""Find the rows whose files have other paths now: renamed, or moved within the watched folder."""

import os
from collections import defaultdict
from collections.abc import Sequence

import structlog

from db import moves, paths
from db.engine import Database
from db.intake import SeenFile
from db.moves import KnownFile, Move
from db.tables import Status
from watcher.content import digest

#: What a row without a hash may be.
_UNREAD = (Status.QUEUED, Status.FAILED)

_log = structlog.get_logger()


class Moves:
    """Lets the rows of one watched folder follow their files."""

    def __init__(self, folder: bytes, name: str, database: Database) -> None:
        self._folder = folder
        self._name = name
        self._database = database

    def follow(self, files: Sequence[SeenFile]) -> dict[str, int | None]:
        """Give the paths of the files that a row has followed, each with the row if it is to be read.

        A file has moved if a row has its size, its time and the hash of its content, and the row's own path is gone. A
        row that was not read has no hash, and is queued for the file at the new path. Raises DatabaseUnavailable.
        """
        followed, missed = self._follow(files)
        if missed:  # such as those that were read meanwhile: their hash is known only now
            followed |= self._follow(missed)[0]
        return followed

    def _follow(self, files: Sequence[SeenFile]) -> tuple[dict[str, int | None], list[SeenFile]]:
        """Give also the files whose row has changed since it was found."""
        gone: dict[tuple[int, int], list[KnownFile]] = defaultdict(list)
        for row in moves.alike(self._database, self._name, files):
            if not os.path.lexists(self._at(row.path)):
                gone[row.size, row.mtime_ns].append(row)
        followed: dict[str, int | None] = {}
        missed: list[SeenFile] = []
        for file in files:
            moved = self._row_of(file, gone[file.size, file.mtime_ns])
            if moved is None:
                continue
            gone[file.size, file.mtime_ns].remove(moved)
            if moves.follow(self._database, self._name, Move(moved, file.path)):
                _log.info("a row follows its file", row=moved.id, path=file.path)
                followed[file.path] = None if moved.hash else moved.id
            else:
                missed.append(file)
        return followed, missed

    def _row_of(self, file: SeenFile, rows: Sequence[KnownFile]) -> KnownFile | None:
        """Choose the row with the file's content, if it has one; among several one with the same name."""
        if not rows:
            return None
        content = digest(self._folder, paths.to_bytes(file.path))
        same = [row for row in rows if row.hash == content or (row.hash is None and row.status in _UNREAD)]
        name = os.path.basename(file.path)
        return min(same, key=lambda row: (row.hash is None, os.path.basename(row.path) != name), default=None)

    def _at(self, path: str) -> bytes:
        return os.path.join(self._folder, paths.to_bytes(path))
