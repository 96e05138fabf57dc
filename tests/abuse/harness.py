"""What all abuse shares: a running `digits`, faults, the check that nothing is lost, and a table of the figures."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pytest
import redis
from sqlalchemy import text

from broker.address import Address, address_of
from broker.connection import connect
from broker.message import READING_QUEUE
from broker.server import EmbeddedBroker
from db.engine import Database
from settings import Settings
from tests.place import ROOT, Place

#: Seconds after the load in which the balance must close.
BALANCE_SECONDS = 120.0
#: Seconds for anything that is waited for, on a machine that is busy with other things.
PATIENCE = 120.0
#: A digit as MNIST has it: the smallest file people drop.
PICTURE = (ROOT / "digits" / "zero-mnist-28px.png").read_bytes()
Eventually = Callable[[Callable[[], object], float], None]
_FIGURES = "figures"


@dataclass
class Abused:
    """A place in which `digits` runs, on one of the two databases, with a tiny model."""

    place: Place
    url: str

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.place.inbox

    @property
    def address(self) -> Address:
        """The broker in use: the test's own, if it set one, else the embedded one."""
        url = self.place.variables.get("DIGITS_REDIS_URL")
        return address_of(Settings(redis_url=url, var_dir=self.place.path / "var"))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command that goes on and may say much: its output goes into a file."""
        with (self.place.path / "output.log").open("a", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cli.main", *arguments],
                cwd=self.place.path,
                env=self.place.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        self.place.started.append(process)
        return process

    def drop(self, numbers: Iterable[int]) -> None:
        """Write a picture for each number, as fast as that goes."""
        for number in numbers:
            (self.inbox / f"{number}.png").write_bytes(PICTURE)

    def kill_during_drops(self, what: str, *, files: int, kills: int, eventually: Eventually) -> None:
        """Drop files in as many parts as there are kills; each kill comes in the middle of a part, at work on it."""
        for kill in range(kills):
            begin, middle, end = (files * half // (2 * kills) for half in (2 * kill, 2 * kill + 1, 2 * kill + 2))
            before = self.answered()
            self.drop(range(begin, middle))
            eventually(lambda before=before: self.answered() > before, PATIENCE)  # type: ignore[misc]
            eventually(lambda: self.kill(what), PATIENCE)
            self.drop(range(middle, end))

    def log(self, part: str) -> str:
        """Give the log of one part of `digits run`: `watcher`, `worker`, ..."""
        path = self.place.path / "var" / "log" / f"{part}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def counts(self) -> dict[str, int]:
        """Count the ledger's rows by status; nothing while there is no ledger yet."""
        try:
            rows = self.query("SELECT status, count(*) FROM images GROUP BY status")
        except Exception:  # noqa: BLE001 - whatever a database says that is not there yet, or busy
            return {}
        return {str(status): int(str(count)) for status, count in rows}

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the ledger."""
        with self._database.reading() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    @cached_property
    def _database(self) -> Database:
        # Not Python's own sqlite3: an old one could damage a database that the product writes with a new one.
        return Database(self.url)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def answered(self) -> int:
        """Count the rows that wait no more."""
        return sum(count for status, count in self.counts().items() if status != "queued")

    def pids(self, what: str) -> list[int]:
        """Find the processes of this place whose command line holds `what`: `cli.main worker`, `spawn_main`, ..."""
        return sorted(pid for pid, line in self.place.processes().items() if what in line)

    def kill(self, what: str) -> bool:
        """Kill one such process at random, as `kill -9` does; False if there is none just now."""
        pids = self.pids(what)
        if not pids:
            return False
        try:
            os.kill(random.choice(pids), signal.SIGKILL)  # noqa: S311 - no secret
        except ProcessLookupError:
            return False
        return True

    def queue_length(self) -> int:
        """Count the messages that nobody has taken; -1 if the broker does not answer just now."""
        try:
            with connect(self.address.url) as client:
                return int(client.llen(self.address.key(READING_QUEUE)))
        except redis.RedisError:
            return -1

    def require_balance(self, files: int, seconds: float = BALANCE_SECONDS) -> float:
        """Fail unless each file has one final row in time, the database is sound, and the queue is empty.

        Give the seconds that took.
        """
        began = time.monotonic()
        while not (self.answered() == files and not self.counts().get("queued") and self.queue_length() == 0):
            assert time.monotonic() - began < seconds, f"after {seconds} s: {self.counts()} of {files} files"
            time.sleep(0.2)
        took = time.monotonic() - began
        assert self.query("SELECT count(*) FROM images") == [(files,)]
        assert self.query("SELECT count(*) FROM (SELECT DISTINCT folder, path FROM images) AS once") == [(files,)]
        status = self.place.digits("status")
        assert status.returncode == 0, status.stdout + status.stderr
        if self.url.startswith("sqlite"):
            assert self.query("PRAGMA integrity_check") == [("ok",)]
        return took


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def abused(request: pytest.FixtureRequest, place: Place, publish: Callable[[Path, int], int]) -> Iterator[Abused]:
    """Give a place on each database; nothing runs there yet (`abused.start("run")`)."""
    yield from _abused(request.param, request, place, publish)


@pytest.fixture
def abused_sqlite(
    request: pytest.FixtureRequest, place: Place, publish: Callable[[Path, int], int]
) -> Iterator[Abused]:
    """Give a place on SQLite, for what does not concern the database."""
    yield from _abused("sqlite", request, place, publish)


def _abused(
    kind: str, request: pytest.FixtureRequest, place: Place, publish: Callable[[Path, int], int]
) -> Iterator[Abused]:
    url = f"sqlite:///{place.path}/var/results.db"
    if kind == "postgres":
        url = request.getfixturevalue("new_postgres_url")()
    publish(place.path / "model", 0)
    place.variables |= {"DIGITS_DATABASE_URL": url, "DIGITS_MODEL_DIR": str(place.path / "model")}
    abused = Abused(place, url)
    yield abused
    abused.close()


@pytest.fixture
def own_broker(short_path: Path) -> Iterator[EmbeddedBroker]:
    """Give a broker that nobody but the test stops and starts."""
    server = EmbeddedBroker(short_path)
    server.ensure()
    yield server
    server.stop()


class Record(Protocol):
    """Note a test's load, faults, number of lost files, and the seconds until the balance closed."""

    def __call__(self, load: str, faults: str, lost: int, seconds: float | None = None) -> None:
        """Note it."""


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Note a test's figures for the table at the end."""

    def note(load: str, faults: str, lost: int, seconds: float | None = None) -> None:
        database = "postgres" if "postgres" in request.node.name else "sqlite"
        row = [database, load, faults, str(lost), "" if seconds is None else f"{seconds:.0f} s"]
        request.node.user_properties.append((_FIGURES, row))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures as `docs/measured.md` has them; they come from the processes that ran the tests."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind) if one.when == "call"]
    rows = [row for report in reports for name, row in report.user_properties if name == _FIGURES]
    if rows:
        terminalreporter.section("nothing lost", sep="=")
        for row in [["database", "load", "faults", "lost", "balanced after"], ["---"] * 5, *sorted(rows)]:
            terminalreporter.write_line("| " + " | ".join(row) + " |")


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """Give a tiny file system that can be filled up."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["/bin/umount", "-l", str(folder)], check=True)
    shutil.rmtree(folder)
