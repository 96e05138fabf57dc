"""A database that is away when something starts, or in the middle of `digits run --once`, is waited for."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

import cli.run
from broker.address import Address
from broker.client import Client
from broker.presence import present
from db import queries
from db.engine import Database
from db.errors import DatabaseUnavailable
from settings import Settings
from supervisor.backlog import Backlog
from supervisor.run import Run
from tests.place import Place

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for, on a machine that is busy with other things.
PATIENCE = 120.0


class Outage:
    """Takes what leads to a database away, and puts it back: a SQLite file, or the socket of a server."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = path.with_name(f"{path.name}.kept")

    def begin(self) -> None:
        self._path.rename(self._kept)
        self._path.mkdir()

    def end(self) -> None:
        self._path.rmdir()
        self._kept.rename(self._path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def outage(request: pytest.FixtureRequest, place: Place) -> Iterator[Outage]:
    """Give a migrated ledger, which the place's commands use, and a way to take it away."""
    path, url = place.path / "var" / "results.db", "sqlite:///var/results.db"
    if request.param == "postgres":
        url = request.getfixturevalue("new_postgres_url")()
        path = Path(str(make_url(url).query["host"])) / ".s.PGSQL.5432"
    place.variables["DIGITS_DATABASE_URL"] = url
    assert place.digits("migrate").returncode == 0
    outage = Outage(path)
    outage.begin()
    yield outage
    if path.is_dir():
        outage.end()


def test_ctrl_c_ends_the_wait_for_a_database(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Database] = []

    def away(database: Database) -> None:
        tries.append(database)
        if len(tries) > 1:
            pytest.fail("it goes on waiting")
        signal.raise_signal(signal.SIGINT)
        raise DatabaseUnavailable("the database is away")

    monkeypatch.setattr(cli.run, "Tail", away)
    with closing(Run(settings)) as supervised, pytest.raises(KeyboardInterrupt):
        cli.run._forever(settings, sqlite_database, supervised)  # noqa: SLF001 - past the moment at which it is up


@pytest.mark.parametrize("part", [["watch"], ["worker"], ["worker", "--trainer"]])
def test_a_part_waits_for_its_database_and_says_so_once(
    outage: Outage, place: Place, address: Address, eventually: Eventually, part: list[str]
) -> None:
    process = place.start(*part, DIGITS_REDIS_URL=address.url)
    assert process.stdout
    assert 'event="the database is away, this part waits for it"' in process.stdout.readline()
    outage.end()
    assert 'event="the database is back"' in process.stdout.readline()
    with closing(Client(address)) as client:
        if "--trainer" not in part:  # it announces itself while it trains
            eventually(lambda: present(client), PATIENCE)
    assert process.poll() is None


def test_a_single_run_waits_for_its_database_and_says_so_once(outage: Outage, place: Place) -> None:
    process = place.start("run", "--once")
    assert process.stdout
    assert process.stdout.readline().startswith("waiting: the database ")
    outage.end()
    assert process.wait(PATIENCE) == 0
    assert process.stdout.read().startswith("There are no files")


@pytest.fixture
def backlog(settings: Settings, sqlite_database: Database, address: Address) -> Iterator[Backlog]:
    """Give the backlog of a folder with one file, which is registered and waits for a worker."""
    Path("digits/7.png").touch()
    os.utime("digits/7.png", (1, 1))
    with closing(Client(address)) as client:
        backlog = Backlog(replace(settings, settle_seconds=0.0), sqlite_database, client)
        assert not backlog.finished(training=False)
        assert (backlog.registered, backlog.trouble) == (1, None)
        yield backlog


def test_a_single_run_outlives_an_outage_of_its_database(
    backlog: Backlog, sqlite_database: Database, eventually: Eventually
) -> None:
    outage = Outage(Path(sqlite_database.url.database or ""))
    sqlite_database.close()
    outage.begin()
    eventually(lambda: backlog.finished(training=False) or backlog.trouble, PATIENCE)
    assert "unable to open" in str(backlog.trouble)
    assert not backlog.finished(training=False)
    outage.end()
    eventually(lambda: backlog.finished(training=False) or not backlog.trouble, PATIENCE)
    assert backlog.trouble is None
    assert queries.balance(sqlite_database).waiting == backlog.queued() == 1


def test_a_single_run_gives_an_outage_up_that_lasts(
    backlog: Backlog, sqlite_database: Database, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_database.close()
    Outage(Path(sqlite_database.url.database or "")).begin()
    eventually(lambda: backlog.finished(training=False) or backlog.trouble, PATIENCE)
    assert "unable to open" in str(backlog.trouble)
    monkeypatch.setattr("supervisor.backlog.STALLED_SECONDS", 0.0)
    eventually(lambda: backlog.finished(training=False), PATIENCE)


def test_a_single_run_registers_files_once_the_ledger_can_be_written(
    settings: Settings, sqlite_database: Database, address: Address, eventually: Eventually
) -> None:
    Path("digits/7.png").touch()
    os.utime("digits/7.png", (1, 1))
    with closing(Client(address)) as client, closing(Database(settings.database_url)) as read_only:
        with read_only.writing() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")  # as for a file system that was mounted read-only
        backlog = Backlog(replace(settings, settle_seconds=0.0), read_only, client)
        assert not backlog.finished(training=False)
        assert "readonly" in str(backlog.trouble)
        with read_only.reading() as connection:
            connection.exec_driver_sql("PRAGMA query_only = OFF")
        eventually(lambda: backlog.finished(training=False) or backlog.registered, PATIENCE)
    assert queries.balance(sqlite_database).waiting == 1
