"""Let a row follow its file to another path, find rows whose content may have changed, and forget rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import bindparam, delete, select, tuple_, update

from db.clock import NOW
from db.engine import Database
from db.errors import ValueRefused
from db.intake import QUEUE_AGAIN, STATEMENT_ROWS, SeenFile
from db.tables import Status, images

_Given = TypeVar("_Given")

#: The reason of a row whose file was not there, as the reader states it.
VANISHED = "vanished"
#: Milliseconds after which such a file is looked for again: a worker may not see what the watcher sees.
VANISHED_MS = 20_000
#: Most rows that are looked at for the files of one batch. Thousands of files of one size and time are copies.
MOST_ROWS = 2000
#: Values in one statement; two for each file.
_PART = STATEMENT_ROWS // 2


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
_SIZE_AND_TIME = tuple_(images.c.size, images.c.mtime_ns)
#: Keeps SQLite off the index of the paths: it would look through the whole folder to find these few.
_IN_FOLDER = images.c.folder.concat("") == bindparam("folder")
# Built once: every dropped file waits for the first, and the first scan runs the other for every thousand files.
_ALIKE = select(*_COLUMNS).where(_IN_FOLDER, _SIZE_AND_TIME.in_(bindparam("pairs", expanding=True))).limit(MOST_ROWS)
_AT_PATHS = select(*_COLUMNS).where(
    images.c.folder == bindparam("folder"), images.c.path.in_(bindparam("paths", expanding=True))
)
#: Everything that belongs to an image goes with its row: digits and corrections by their foreign keys.
_FORGET = delete(images)


def alike(database: Database, folder: str, files: Sequence[SeenFile]) -> list[KnownFile]:
    """Find rows of the folder with size and time of one of the files. Read-only."""
    wanted = list({(file.size, file.mtime_ns) for file in files})

    def find() -> list[KnownFile]:
        found: list[KnownFile] = []
        with database.reading() as connection:
            for start in range(0, len(wanted), _PART):
                given = {"folder": folder, "pairs": wanted[start : start + _PART]}
                found += [KnownFile(*row) for row in connection.execute(_ALIKE, given)]
        return found

    return _unless_refused(find, [])


def at_paths(database: Database, folder: str, paths: Sequence[str]) -> dict[str, KnownFile]:
    """Find the rows of the folder at these paths. Read-only."""

    def find() -> dict[str, KnownFile] | None:
        with database.reading() as connection:
            rows = connection.execute(_AT_PATHS, {"folder": folder, "paths": paths})
            return {row.path: KnownFile(*row) for row in rows}

    if len(paths) <= STATEMENT_ROWS:
        found = _unless_refused(find, None)
        if found is not None or len(paths) <= 1:
            return found or {}
    middle = len(paths) // 2  # of those that are refused together, most are not refused alone
    return at_paths(database, folder, paths[:middle]) | at_paths(database, folder, paths[middle:])


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
        for start in range(0, len(row_ids), STATEMENT_ROWS):
            connection.execute(_FORGET.where(images.c.id.in_(row_ids[start : start + STATEMENT_ROWS])))
