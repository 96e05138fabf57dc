"""Open the ledger for a command, and find the rows that a name given by a user means."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from cli.errors import CommandFailed, OutOfReach
from db import paths
from db.engine import Database
from db.migrate import require_migrated
from db.queries import Result, find
from presentation.text import printable
from regular_file import is_gone


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open the ledger and close it afterwards. Raises NotMigrated or DatabaseUnavailable."""
    database = Database(url)
    try:
        require_migrated(database)
        yield database
    finally:
        database.close()


def file_of(row: Result, ledger: URL) -> bytes:
    """Give the file system's path of a row's file. Raises OutOfReach as `folder_of` does."""
    return os.path.join(folder_of(row, ledger), paths.to_bytes(row.path))


def file_is_gone(row: Result, ledger: URL) -> bool:
    """Whether a row's file is gone. Raises OutOfReach if nobody can tell here."""
    try:
        return is_gone(file_of(row, ledger))
    except OSError as error:
        raise OutOfReach(f"it can't be looked at here ({error.strerror})") from error


def folder_of(row: Result, ledger: URL) -> bytes:
    """Give the path of a row's folder. Raises OutOfReach if it is not here: its files may not be gone."""
    folder = paths.folder_path(row.folder, ledger)
    if folder is None:
        raise OutOfReach(f"the ledger does not name the directory in which the folder {printable(row.folder)} lies")
    if not os.path.isdir(folder):
        raise OutOfReach(f"the folder {printable(row.folder)} is not here")
    return folder


def known_rows(database: Database, folder: Path, given: Sequence[Path]) -> list[Result]:
    """Find the rows that names mean, each row once. Raises CommandFailed if the ledger does not know one. Read-only."""
    known: dict[int, Result] = {}
    for name in given:
        rows = rows_named(database, folder, name)
        if not rows:
            raise CommandFailed(f"the ledger has no file {printable(str(name))}: `digits results` lists what it has")
        known.update((row.id, row) for row in rows)
    return list(known.values())


def rows_named(database: Database, folder: Path, given: Path) -> list[Result]:
    """Find the rows that a name means: a file system path, a path in the watched folder, or one as a table shows it.

    Usually one row; several if other watched folders have a file of that name and `folder` has none. Read-only.
    """
    watched = paths.folder_text(folder, database.url)
    texts = _texts(given)
    inside = [paths.to_text(part) for part in _tails(given)]
    for text in [*inside, *texts]:
        if rows := [row for row in find(database, text, watched) if text in texts or is_at(row, given, database.url)]:
            return rows
    for text in inside:
        if rows := [row for row in find(database, text) if is_at(row, given, database.url)]:
            return rows
    return next((rows for text in texts if (rows := find(database, text))), [])


def _texts(given: Path) -> list[str]:
    """Give the ledger's text for a name, and the name itself, should it have been copied from the ledger."""
    name = os.fsencode(given)
    return list(dict.fromkeys([paths.to_text(name), name.decode("utf-8", "backslashreplace")]))


def _tails(given: Path) -> list[bytes]:
    """Give every path under which a folder further up may know the file, the longest first."""
    parts = os.path.abspath(os.fsencode(given)).split(b"/")
    return [b"/".join(parts[start:]) for start in range(1, len(parts))]


def is_at(row: Result, file: bytes | Path, ledger: URL) -> bool:
    """Whether a file system path is that of a row's file. The file may be gone."""
    folder = paths.folder_path(row.folder, ledger)
    if folder is None:
        return False
    return os.path.abspath(os.path.join(folder, paths.to_bytes(row.path))) == os.path.abspath(os.fsencode(file))
