"""Let a row follow its file to another path, find rows whose content may have changed, and forget rows."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Select, bindparam, delete, select, tuple_, update

from db.clock import NOW
from db.engine import Database
from db.errors import ValueRefused
from db.halves import in_halves
from db.intake import QUEUE_AGAIN, SeenFile
from db.lists import fields, one_of
from db.tables import Status, images

_Given = TypeVar("_Given")

#: The reason of a row whose file was not there, as the reader states it.
VANISHED = "vanished"
#: Milliseconds after which such a file is looked for again: a worker may not see what the watcher sees.
VANISHED_MS = 20_000
#: Most rows that are looked at for the files of one batch. Thousands of files of one size and time are copies.
MOST_ROWS = 2000


@dataclass(frozen=True)
class KnownFile:
    """A row and the file that it knows; `hash` is None for one that was not read."""

    id: int
    path: str
    size: int
    mtime_ns: int
    hash: str | None
    status: str
    recognized_ms: int | None


@dataclass(frozen=True)
class Move:
    """A row whose file has another path now."""

    row: KnownFile
    path: str


_COLUMNS = tuple(images.c[name] for name in KnownFile.__annotations__)
#: Keeps SQLite off the index of the paths: it would look through the whole folder to find these few.
_IN_FOLDER = images.c.folder.concat("") == bindparam("folder")
_AT_PATHS = select(*_COLUMNS).where(images.c.folder == bindparam("folder"), one_of(images.c.path, "paths"))
#: Everything that belongs to an image goes with its row: the digits by their foreign key.
_FORGET = delete(images).where(one_of(images.c.id, "ids"))


def alike(database: Database, folder: str, files: Sequence[SeenFile]) -> list[KnownFile]:
    """Find rows of the folder with size and time of one of the files. Read-only."""
    given = {"folder": folder, "pairs": json.dumps(list({(file.size, file.mtime_ns) for file in files}))}

    def find() -> list[KnownFile]:
        with database.reading() as connection:
            return [KnownFile(*row) for row in connection.execute(_alike_for(database.engine.dialect.name), given)]

    return _unless_refused(find, [])


@cache  # every dropped file waits for this statement
def _alike_for(dialect: str) -> Select[Any]:
    pairs = select(*fields(dialect, "pairs", BigInteger(), BigInteger()))
    return select(*_COLUMNS).where(_IN_FOLDER, tuple_(images.c.size, images.c.mtime_ns).in_(pairs)).limit(MOST_ROWS)


def at_paths(database: Database, folder: str, paths: Sequence[str]) -> dict[str, KnownFile]:
    """Find the rows of the folder at these paths. Read-only."""

    def find(those: Sequence[str]) -> list[KnownFile]:
        with database.reading() as connection:
            rows = connection.execute(_AT_PATHS, {"folder": folder, "paths": json.dumps(those)})
            return [KnownFile(*row) for row in rows]

    found, _ = in_halves(paths, find)
    return {row.path: row for row in found}


def in_folder(database: Database, folder: str) -> list[KnownFile]:
    """Give the rows of a folder. Read-only."""
    with database.reading() as connection:
        return [KnownFile(*row) for row in connection.execute(select(*_COLUMNS).where(images.c.folder == folder))]


def vanished(database: Database, folder: str) -> set[str]:
    """Give the paths of rows that are failed for VANISHED_MS because their files were not there. Read-only."""
    gone = (images.c.folder == folder, images.c.status == Status.FAILED, images.c.reason == VANISHED)
    a_while = images.c.recognized_ms < NOW - VANISHED_MS

    def find() -> set[str]:
        with database.reading() as connection:
            return set(connection.execute(select(images.c.path).where(*gone, a_while)).scalars())

    return _unless_refused(find, set())


def follow(database: Database, folder: str, move: Move) -> bool:
    """Give a row its file's new path; False if it has changed meanwhile, or another row has that path. Commits.

    The row keeps its reading. One that was not read is queued again, as a worker may look for it at its old path.
    """
    row = move.row
    taken = select(images.c.id).where(images.c.folder == folder, images.c.path == move.path)
    new = {"path": move.path} if row.hash else {"path": move.path, **QUEUE_AGAIN, "first_seen_ms": NOW}
    same = images.c.hash == row.hash if row.hash else images.c.hash.is_(None)
    here = (images.c.id == row.id, images.c.path == row.path, same, ~taken.exists())

    def write() -> bool:
        with database.writing() as connection:
            return connection.execute(update(images).where(*here).values(new)).rowcount == 1

    return _unless_refused(write, False)  # noqa: FBT003 - as that is what it gives


def _unless_refused(run: Callable[[], _Given], otherwise: _Given) -> _Given:
    """Run a transaction. One that names what the database can't hold gives `otherwise`, as no row has that."""
    try:
        return run()
    except ValueRefused:
        return otherwise


def forget(database: Database, row_ids: Sequence[int]) -> None:
    """Delete rows and their digits. Commits."""
    with database.writing() as connection:
        connection.execute(_FORGET, {"ids": json.dumps(row_ids)})
