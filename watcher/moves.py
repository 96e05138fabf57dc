"""Find the rows whose files have other paths now: renamed, or moved within the watched folder."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import structlog

from db import moves, paths
from db.engine import Database
from db.intake import SeenFile
from db.moves import KnownFile, Match
from db.tables import Status
from regular_file import may_be_there
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
        """Give the paths that need no new row: each with the row that has followed its file, if that is to be read.

        A file has moved if a row has its size and time, the row's own path is gone, and it is the row's file: under the
        same inode and not changed since, or with the same hash. A row that was not read has no hash. It follows its
        inode, and is queued for the file at the new path. A file that is gone again needs no row either. Raises
        DatabaseUnavailable.
        """
        followed, missed = self._follow(files)
        if missed:  # such as those that were read meanwhile: their hash is known only now
            followed |= self._follow(missed)[0]
        return followed

    def _follow(self, files: Sequence[SeenFile]) -> tuple[dict[str, int | None], list[SeenFile]]:
        """Give also the files whose row has changed since it was found."""
        found = self._find(files)
        matches = [match for match in found.values() if match]
        done = moves.follow(self._database, self._name, matches) if matches else []
        for match in done:
            _log.info("a row follows its file", row=match.row.id, path=match.file.path)
        followed = {match.file.path: None if match.row.hash else match.row.id for match in done}
        missed = [match.file for match in matches if match.file.path not in followed]
        return followed | {path: None for path, match in found.items() if not match}, missed

    def _find(self, files: Sequence[SeenFile]) -> dict[str, Match | None]:
        """Find the rows of files that have moved; None for a file that is gone again."""
        found: dict[str, Match | None] = {}
        gone = self._gone(files)
        for names in (moves.INODE, moves.TIME):
            what = attrgetter(*names)
            rows = _grouped(gone, what)
            for file in files:
                alike = rows.get(what(file))
                if not alike or file.path in found:
                    continue
                if row := self._row_of(file, alike):
                    alike.remove(row)
                    found[file.path] = Match(row, file)
                elif not may_be_there(self._at(file.path)):
                    found[file.path] = None
            gone = [row for alike in rows.values() for row in alike]
        return found

    def _gone(self, files: Sequence[SeenFile]) -> list[KnownFile]:
        """Find the rows with size and time of one of the files, whose own files are surely gone."""
        rows = moves.alike(self._database, self._name, files) if files else []
        return [row for row in rows if (row.hash or row.status in _UNREAD) and not may_be_there(self._at(row.path))]

    def _row_of(self, file: SeenFile, rows: Sequence[KnownFile]) -> KnownFile | None:
        """Choose the row of the file, if there is one; among several a read one, and one with the same name."""
        same = [row for row in rows if row.has_inode_of(file) and (not row.hash or row.ctime_ns == file.ctime_ns)]
        if not any(row.hash for row in same) and any(row.hash for row in rows):
            content = digest(self._folder, paths.to_bytes(file.path))
            same += [row for row in rows if row.hash and row.hash == content]
        name = os.path.basename(file.path)
        return min(same, key=lambda row: (row.hash is None, os.path.basename(row.path) != name), default=None)

    def _at(self, path: str) -> bytes:
        return os.path.join(self._folder, paths.to_bytes(path))


def _grouped(rows: Sequence[KnownFile], what: Callable[[KnownFile], Any]) -> dict[Any, list[KnownFile]]:
    groups: dict[Any, list[KnownFile]] = defaultdict(list)
    for row in rows:
        groups[what(row)].append(row)
    return groups
