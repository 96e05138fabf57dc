"""The ledger in a real SQLite file, written by many real processes at once."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text

import db.engine
from db import intake, queries
from db.engine import Database
from db.errors import DatabaseUnavailable, NotMigrated
from db.intake import SeenFile
from db.migrate import migrate, require_migrated

MIGRATE = """
from db.engine import Database
from db.migrate import migrate
import alembic.command
print(flush=True)
input()
migrate(Database({url!r}))
"""

WRITE = """
import sys
from db import claims, intake
from db.engine import Database
from db.intake import SeenFile
from db.tables import Status
database = Database({url!r})
print(flush=True)
input()
for number in range(250):
    (row,) = intake.register(database, sys.argv[1], [SeenFile(f"{{number}}.png", 1, 1)])
    if number % 5 == 0:
        assert [file.id for file in claims.claim(database, [row], sys.argv[1]).files] == [row]
        assert claims.answer(database, sys.argv[1], [claims.Answer(row, Status.REVIEW)]) == 1
"""


@contextmanager
def programs(code: str, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start programs that are past their imports and wait for a line to begin, so that they begin together."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"writer {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    try:
        for program in started:
            assert program.stdout
            assert program.stdout.readline() == "\n"
        yield started
    finally:
        for program in started:
            program.kill()
            program.communicate()


def run_together(code: str, count: int) -> None:
    with programs(code, count) as started:
        for program in started:
            assert program.stdin
            program.stdin.write("go\n")
            program.stdin.flush()
        outcomes = [(program.communicate(timeout=120)[1], program.returncode) for program in started]
    assert outcomes == [("", 0)] * count


def test_four_processes_that_migrate_at_once_make_one_ledger(empty_database: Database) -> None:
    url = empty_database.url.render_as_string(hide_password=False)
    run_together(MIGRATE.format(url=url), 4)
    require_migrated(empty_database)
    with empty_database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    assert queries.balance(empty_database).seen == 0


def test_a_new_file_opened_by_many_at_once_makes_none_of_them_fail(tmp_path: Path) -> None:
    together = Barrier(4, timeout=30)

    def open_new_files() -> None:
        for number in range(50):
            database = Database(f"sqlite:///{tmp_path / str(number)}.db")
            together.wait()
            database.prepare_folder()
            with database.writing() as connection:
                connection.execute(text("CREATE TABLE IF NOT EXISTS images (id INTEGER)"))
            database.close()

    with ThreadPoolExecutor(4) as threads:
        for opened in [threads.submit(open_new_files) for _ in range(4)]:
            opened.result()


def test_many_writers_at_once_lose_no_row(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    run_together(WRITE.format(url=url), 8)
    balance = queries.balance(database)
    assert balance.closes
    assert {str(status): count for status, count in balance.by_status.items() if count} == {
        "queued": 8 * 200,
        "review": 8 * 50,
    }


def test_a_reader_is_not_kept_waiting_by_a_writer(sqlite_database: Database) -> None:
    intake.register(sqlite_database, "d", [SeenFile("a", 1, 1)])
    other = Database(sqlite_database.url.render_as_string())
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET reason = 'half done'"))
        assert [result.reason for result in queries.results(other, queries.Filter())] == [None]
    assert [result.reason for result in queries.results(other, queries.Filter())] == ["half done"]
    other.close()


def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    (row_id,) = intake.register(database, "d", [SeenFile("a", 1, 1)])

    def fail_in_the_middle() -> None:
        with database.writing() as connection:
            connection.execute(text("UPDATE images SET reason = 'half done'"))
            raise RuntimeError("in the middle")

    def fail_at_the_driver() -> None:
        with database.direct() as ledger:
            ledger.run(text("UPDATE images SET reason = 'half done'"), {})
            raise RuntimeError("in the middle")

    for fail in (fail_in_the_middle, fail_at_the_driver):
        with pytest.raises(RuntimeError, match="in the middle"):
            fail()
        assert [(result.id, result.reason) for result in queries.find(database, "a")] == [(row_id, None)]


@pytest.mark.parametrize("files", [1, 2])  # one is written past SQLAlchemy
def test_a_database_that_stays_locked_is_one_sentence(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    monkeypatch.setattr(db.engine, "BUSY_SECONDS", 0.05)
    impatient = Database(sqlite_database.url.render_as_string())
    seen = [SeenFile(str(number), 1, 1) for number in range(files)]
    with sqlite_database.writing(), pytest.raises(DatabaseUnavailable, match="database is locked") as caught:
        intake.register(impatient, "d", seen)
    assert "\n" not in str(caught.value)
    assert len(intake.register(impatient, "d", seen)) == files
    impatient.close()


LinkSqlite = Callable[[tuple[int, int, int]], None]


@pytest.fixture
def link_sqlite(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> LinkSqlite:
    """Let the driver in use say that it links another version of SQLite."""
    with sqlite_database.reading() as connection:
        driver = connection.dialect.loaded_dbapi
    return lambda version: monkeypatch.setattr(driver, "sqlite_version_info", version)


@pytest.mark.parametrize(
    ("version", "journal"),
    [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal"), ((3, 53, 4), "wal"), ((4, 0, 0), "wal")],
)
def test_wal_is_used_only_with_a_sqlite_that_does_not_corrupt_it(
    version: tuple[int, int, int], journal: str, tmp_path: Path, link_sqlite: LinkSqlite
) -> None:
    link_sqlite(version)
    database = Database(f"sqlite:///{tmp_path}/results.db")
    database.prepare_folder()
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == journal
        # 1 is NORMAL, enough for WAL; 2 is FULL, which the rollback journal needs against a power cut.
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == (1 if journal == "wal" else 2)
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    database.close()


def test_the_sqlite_that_is_really_used_gets_the_journal_its_version_allows(sqlite_database: Database) -> None:
    with sqlite_database.reading() as connection:
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    assert journal == ("wal" if tuple(map(int, version.split("."))) >= (3, 51, 3) else "delete")


def test_tensorflow_s_own_sqlite_is_never_used() -> None:
    """It takes the place of any that is linked later, as its symbols are visible to all."""
    ask = """
from db.engine import Database
{}
with Database("sqlite://").reading() as connection:
    print(connection.exec_driver_sql("SELECT sqlite_source_id()").scalar_one())
"""
    sources = {
        subprocess.run(
            [sys.executable, "-c", ask.format(before)], capture_output=True, text=True, check=True
        ).stdout.splitlines()[-1]
        for before in ("", "import tensorflow")
    }
    assert len(sources) == 1


def test_a_ledger_survives_the_change_from_one_journal_to_the_other(
    sqlite_database: Database, link_sqlite: LinkSqlite
) -> None:
    intake.register(sqlite_database, "d", [SeenFile("a", 1, 1)])
    sqlite_database.close()
    for version, journal, name in [((3, 40, 1), "delete", "b"), ((3, 53, 4), "wal", "c")]:
        link_sqlite(version)
        database = Database(sqlite_database.url.render_as_string())
        intake.register(database, "d", [SeenFile(name, 1, 1)])
        with database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == journal
        database.close()
    assert queries.balance(sqlite_database).seen == 3


def test_times_in_the_view_are_text_people_can_read(sqlite_database: Database) -> None:
    intake.register(sqlite_database, "d", [SeenFile("a", 1, 1)])
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET recognized_ms = 1795363445123"))
    with sqlite_database.reading() as connection:
        found = connection.execute(text("SELECT recognized_at FROM results")).scalar_one()
    assert found == "2026-11-22T16:04:05.123Z"


def test_a_missing_ledger_is_refused_and_not_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/var/results.db")
    with pytest.raises(NotMigrated, match=r"there is no ledger at .*: start with `digits run`"):
        require_migrated(database)
    assert list(tmp_path.iterdir()) == []


def refused(url: str) -> str:
    """Give the sentence a database is refused with when it is to be migrated."""
    with pytest.raises(DatabaseUnavailable) as caught:
        migrate(Database(url))
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_a_directory_as_database_is_refused(tmp_path: Path) -> None:
    assert "unable to open" in refused(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    path.write_text("Dear diary, " * 1000, encoding="ascii")
    assert "not a database" in refused(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        require_migrated(Database(f"sqlite:///{path}"))
    assert path.read_text(encoding="ascii") == "Dear diary, " * 1000


def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "can't be made" in refused(f"sqlite:///{tmp_path}/file/results.db")


def test_a_database_that_can_not_be_written_is_refused(sqlite_database: Database, tmp_path: Path) -> None:
    """Opened read-only by URL: root, whom no mode bits stop, runs tests too."""
    sqlite_database.close()
    copy = tmp_path / "copy.db"
    shutil.copy(f"{tmp_path}/var/results.db", copy)
    database = Database(f"sqlite:///file:{copy}?mode=ro&uri=true")
    with pytest.raises(DatabaseUnavailable, match="readonly") as caught:
        intake.register(database, "d", [SeenFile("a", 1, 1)])
    assert "\n" not in str(caught.value)
    database.close()


@pytest.mark.parametrize("url", ["", "results.db", "nosuch://h/x", "postgresql+nosuch://h/x"])
def test_a_url_that_can_not_be_understood_is_one_sentence(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"the database URL .* can't be used") as caught:
        Database(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql+nosuch://u:secret@h/x", "postgresql+psycopg://u:secret@h:port/x", "mysql+nosuch://u:secret@h/x"]
)
def test_bad_database_url_is_one_sentence_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        Database(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_driver_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUnavailable, match=r"not installed: run `pip install 'psycopg\[binary\]'`") as caught:
        Database("postgresql+psycopg://somebody:secret@nowhere/digits")
    assert "secret" not in str(caught.value)
