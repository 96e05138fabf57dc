"""Tell which row is a file's: the one at its path, or one whose file has moved. And forget rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)

from db.clock import NOW
from db.corrections import STAND, bequeath
from db.engine import Database
from db.intake import QUEUE_AGAIN, SeenFile, as_json, seen
from db.lists import one_of
from db.tables import Status, images

#: The reason of a row whose file was not there, as the reader states it.
VANISHED = "vanished"
#: Milliseconds after which such a file is looked for again: a worker may not see what the watcher sees.
VANISHED_MS = 20_000
#: What a file keeps that is moved within its file system, and what also a copy keeps.
INODE, TIME = ("size", "mtime_ns", "inode"), ("size", "mtime_ns")
#: Most rows with the TIME of a batch of files that are looked at. If there are more, they are copies.
MOST_ROWS = 2000


class KnownFile(NamedTuple):
    """A row and the file that it knows.

    `hash` is None for one that was not read. `had_vanished` is for one whose file was not there VANISHED_MS ago.
    """

    id: int
    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    inode: int
    hash: str | None
    status: str
    had_vanished: bool | None

    def is_as(self, file: SeenFile) -> bool:
        """Whether the row knows the file as it is now.

        An inode counts only beside the same device: hosts and restarts give a file system other device numbers.
        """
        return (
            (self.size, self.mtime_ns, self.ctime_ns) == (file.size, file.mtime_ns, file.ctime_ns)
            and (self.inode == file.inode or self.device != file.device)
            and not self.had_vanished
        )

    def has_time_of(self, file: SeenFile) -> bool:
        """Whether the row has size and time of the file."""
        return (self.size, self.mtime_ns) == (file.size, file.mtime_ns)

    def has_inode_of(self, file: SeenFile) -> bool:
        """Whether it is the same file, or a later one that got the inode of a deleted one."""
        return (self.device, self.inode) == (file.device, file.inode) and file.inode != 0


@dataclass(frozen=True)
class Match:
    """A row and its file as that is now."""

    row: KnownFile
    file: SeenFile


@dataclass(frozen=True)
class Change:
    """A file that the ledger does not have as it is now; `row` is the one at its path, if there is one."""

    file: SeenFile
    row: KnownFile | None

    @property
    def touched(self) -> Match | None:
        """The file with that row if they have the same size and time, and so maybe the same content."""
        return Match(self.row, self.file) if self.row and self.row.has_time_of(self.file) else None


_HAD_VANISHED = and_(
    images.c.status == Status.FAILED, images.c.reason == VANISHED, images.c.recognized_ms < NOW - VANISHED_MS
)
_COLUMNS: tuple[ColumnElement[Any], ...] = (*(images.c[name] for name in KnownFile._fields[:-1]), _HAD_VANISHED)
_AT_PATHS = select(*_COLUMNS).where(images.c.folder == bindparam("folder", type_=Text), one_of(images.c.path, "paths"))
#: Keeps SQLite off the index of the paths: it would look through the whole folder to find these few.
_IN_FOLDER = images.c.folder.concat("") == bindparam("folder")
_SEEN: dict[str, Any] = {name: bindparam(f"new_{name}", type_=BigInteger) for name in ("ctime_ns", "device", "inode")}
_NOTE = update(images).where(images.c.id == bindparam("row_id", type_=BigInteger)).values(_SEEN)
_taken = images.alias()
_FOLLOW = (
    update(images)
    .where(images.c.id == bindparam("row_id"), images.c.path == bindparam("old_path"))
    .where(~select(_taken.c.id).where(_taken.c.folder == bindparam("here"), _taken.c.path == bindparam("new")).exists())
    .values(path=bindparam("new", type_=String), **_SEEN)
)
_FOLLOW_READ = _FOLLOW.where(images.c.hash == bindparam("known_hash"))
_FOLLOW_UNREAD = _FOLLOW.where(images.c.hash.is_(None)).values(**QUEUE_AGAIN, first_seen_ms=NOW)
#: Everything that belongs to an image goes with its row: digits and corrections by their foreign keys.
_FORGET = delete(images).where(one_of(images.c.id, "ids"))


def changed(database: Database, folder: str, files: Sequence[SeenFile]) -> list[Change]:
    """Pick the files that the ledger does not have as they are now, and those that had vanished. Read-only.

    Raises ValueRefused if the database can't hold one of the files.
    """
    given = {"folder": folder, "paths": json.dumps([file.path for file in files])}
    with database.direct(writes=False) as ledger:
        known = {row[1]: KnownFile(*row) for row in ledger.fetch(_AT_PATHS, given)}
    return [Change(file, row) for file in files if not (row := known.get(file.path)) or not row.is_as(file)]


@cache
def _alike_for(dialect: str, names: tuple[str, ...]) -> Select[Any]:
    given = select(*seen(dialect)).subquery()
    those = select(*(given.c[name] for name in names))
    rows = select(*_COLUMNS).where(_IN_FOLDER, tuple_(*(images.c[name] for name in names)).in_(those))
    return rows if names == INODE else rows.limit(MOST_ROWS)


def alike(database: Database, folder: str, files: Sequence[SeenFile]) -> list[KnownFile]:
    """Find the rows of the folder with the TIME of one of the files. Read-only.

    Of more than MOST_ROWS, these are some, and all those with the INODE of one of the files.
    """
    rows = _alike(database, folder, files, TIME)
    if len(rows) == MOST_ROWS:
        rows += _alike(database, folder, [file for file in files if file.inode], INODE)
    return list({row.id: row for row in rows}.values())


def _alike(database: Database, folder: str, files: Sequence[SeenFile], names: tuple[str, ...]) -> list[KnownFile]:
    given = {"files": as_json(files), "folder": folder}
    with database.direct(writes=False) as ledger:
        return [KnownFile(*row) for row in ledger.fetch(_alike_for(ledger.dialect, names), given)]


def in_folder(database: Database, folder: str) -> list[KnownFile]:
    """Give the rows of a folder. Read-only."""
    with database.reading() as connection:
        return [KnownFile(*row) for row in connection.execute(select(*_COLUMNS).where(images.c.folder == folder))]


def note(database: Database, matches: Sequence[Match]) -> None:
    """Let rows know their files as these are now. Commits.

    What a person said goes along with a file that was renamed onto the path of such a row.
    """
    with database.direct() as ledger:
        ledger.run_each(_NOTE, [(*_identity(one.file).values(), one.row.id) for one in _in_order(matches)])
        ledger.run(STAND, {"ids": json.dumps([one.row.id for one in matches])})


def follow(database: Database, folder: str, moved: Sequence[Match]) -> list[Match]:
    """Give rows the new paths of their files, and give the matches for which that was done. Commits.

    It is not done for a row that has changed meanwhile, nor to the path of another row. A row keeps its reading. One
    that was not read is queued again, as a worker may look for it at its old path.
    """
    with database.writing() as connection:
        done = [match for match in _in_order(moved) if connection.execute(*_follow(folder, match)).rowcount == 1]
        connection.execute(STAND, {"ids": json.dumps([match.row.id for match in done])})
    return done


def _in_order(matches: Sequence[Match]) -> list[Match]:
    """Sort matches by their rows' ids. Workers lock rows in this order too, so neither waits for the other for ever."""
    return sorted(matches, key=lambda match: match.row.id)


def _follow(folder: str, match: Match) -> tuple[Update, dict[str, Any]]:
    row, file = match.row, match.file
    given = {"row_id": row.id, "old_path": row.path, "here": folder, "new": file.path, **_identity(file)}
    return (_FOLLOW_READ, {**given, "known_hash": row.hash}) if row.hash else (_FOLLOW_UNREAD, given)


def _identity(file: SeenFile) -> dict[str, int]:
    return {f"new_{name}": getattr(file, name) for name in _SEEN}


def forget(database: Database, row_ids: Sequence[int]) -> None:
    """Delete rows, their digits and what people said about them. Commits.

    What has gone with its file to another row stays there.
    """
    with database.writing() as connection:
        bequeath(connection, row_ids)
        connection.execute(_FORGET, {"ids": json.dumps(row_ids)})
