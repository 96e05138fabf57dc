"""A SQLite file that this user may only read, that is removed, or that is replaced."""

import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from db import intake, queries
from db.engine import Database
from db.errors import DatabaseUnavailable, LedgerGone
from db.intake import SeenFile
from db.migrate import migrate, require_migrated
from db.queries import Filter

NOBODY = 65_534


@contextmanager
def as_another_user() -> Iterator[None]:
    """Go on without root's rights, if the tests have them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def file(short_path: Path) -> Path:
    """Give a ledger's file with one row, in a folder that everybody may enter."""
    path = short_path / "var" / "results.db"
    with closing(ledger(path)) as database:
        register(database, "a.png")
    short_path.chmod(0o755)
    return path


def ledger(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    migrate(database)
    return database


def register(database: Database, name: str) -> None:
    intake.register(database, "d", [SeenFile(name, 1, 1)])


def names(database: Database) -> list[str]:
    return [row.path for row in queries.results(database, Filter())]


def read_only(file: Path) -> None:
    for path in file.parent.iterdir():
        path.chmod(0o444)
    file.parent.chmod(0o555)


def test_a_user_who_may_not_write_reads_a_ledger_at_rest(file: Path) -> None:
    read_only(file)
    before = sorted(file.parent.iterdir())
    with closing(Database(f"sqlite:///{file}")) as database, as_another_user():
        require_migrated(database)
        assert names(database) == ["a.png"]
        with pytest.raises(DatabaseUnavailable, match="readonly"):
            register(database, "b.png")
    assert sorted(file.parent.iterdir()) == before


def test_a_user_who_may_not_write_reads_what_is_being_written(file: Path) -> None:
    with closing(Database(f"sqlite:///{file}")) as writer:
        register(writer, "b.png")
        read_only(file)
        with closing(Database(f"sqlite:///{file}")) as reader, as_another_user():
            require_migrated(reader)
            assert sorted(names(reader)) == ["a.png", "b.png"]
        file.parent.chmod(0o755)


def test_a_user_who_may_not_write_sees_what_is_written_later(file: Path) -> None:
    read_only(file)
    with closing(Database(f"sqlite:///{file}")) as reader:
        with as_another_user():
            assert names(reader) == ["a.png"]
        file.parent.chmod(0o755)
        with closing(Database(f"sqlite:///{file}")) as writer:
            register(writer, "b.png")
            with as_another_user():
                assert sorted(names(reader)) == ["a.png", "b.png"]


def test_a_ledger_that_a_user_may_not_open_is_named_and_not_called_missing(file: Path) -> None:
    file.parent.chmod(0)
    with closing(Database(f"sqlite:///{file}")) as database, as_another_user():
        with pytest.raises(DatabaseUnavailable, match="Permission denied"):
            require_migrated(database)
        with pytest.raises(DatabaseUnavailable) as caught:
            names(database)
        assert not isinstance(caught.value, LedgerGone)
    file.parent.chmod(0o755)


def test_a_new_ledger_is_open_to_its_user_alone(short_path: Path) -> None:
    mask = os.umask(0)
    try:
        with closing(ledger(short_path / "var" / "results.db")) as database:
            register(database, "a.png")
            modes = {path.stat().st_mode & 0o777 for path in (short_path / "var").iterdir()}
    finally:
        os.umask(mask)
    assert (short_path / "var").stat().st_mode & 0o777 == 0o700
    assert modes == {0o600}


def test_the_modes_that_a_user_chose_are_kept(file: Path) -> None:
    file.parent.chmod(0o750)
    file.chmod(0o640)
    ledger(file).close()
    assert [path.stat().st_mode & 0o777 for path in (file.parent, file)] == [0o750, 0o640]


def test_nothing_is_written_into_a_file_that_was_removed(file: Path) -> None:
    with closing(Database(f"sqlite:///{file}")) as database:
        register(database, "b.png")
        for path in file.parent.iterdir():
            path.unlink()
        for ask in (names, lambda database: register(database, "c.png")):
            with pytest.raises(LedgerGone, match="its file is gone"):
                ask(database)
        assert not file.exists()
        migrate(database)
        register(database, "c.png")
        assert names(database) == ["c.png"]


def test_a_file_that_took_the_place_of_another_is_opened_and_that_is_told(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(ledger(file.parent / "backup.db")) as backup:
        register(backup, "from the backup.png")
    with closing(Database(f"sqlite:///{file}")) as database:
        assert names(database) == ["a.png"]
        for ending in ("-wal", "-shm"):
            Path(f"{file}{ending}").unlink(missing_ok=True)
        (file.parent / "backup.db").replace(file)
        with caplog.at_level(logging.WARNING):
            assert names(database) == ["from the backup.png"]
            register(database, "c.png")
        assert sorted(names(database)) == ["c.png", "from the backup.png"]
    assert sum("removed or replaced" in line for line in caplog.messages) == 1
