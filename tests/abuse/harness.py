"""What all abuse shares: a running `digits`, faults, the check that nothing is lost, and a table of the figures."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import broker
from tests.place import ROOT, Place
from worker.app import READING_QUEUE

#: Seconds after the load in which the balance must close.
BALANCE_SECONDS = 120.0
#: A digit as MNIST has it: the smallest file people drop.
PICTURE = (ROOT / "digits" / "zero-mnist-28px.png").read_bytes()
_FIGURES = pytest.StashKey[list[tuple[str, str, str, str]]]()


@dataclass
class Abused:
    """A place in which `digits` runs, on one of the two databases, with a tiny model."""

    place: Place
    url: str

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.place.inbox

    def counts(self) -> dict[str, int]:
        """Count the ledger's rows by status; nothing while there is no ledger yet."""
        try:
            rows = self.query("SELECT status, count(*) FROM images GROUP BY status")
        except Exception:  # noqa: BLE001 - whatever a database says that is not there yet, or busy
            return {}
        return {str(status): int(str(count)) for status, count in rows}

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the ledger."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(statement))]
        finally:
            engine.dispose()

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
        """Count the messages that nobody has taken; the embedded broker's, which must run."""
        with broker.connect(broker.embedded_url(self.place.path / "var")) as client:
            return int(client.llen(READING_QUEUE))

    def require_balance(self, files: int, seconds: float = BALANCE_SECONDS) -> float:
        """Fail unless so many files have one final row each in time, the database is sound, and the queue is empty.

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
            with sqlite3.connect(self.place.path / "var" / "results.db", timeout=30) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return took


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def abused(request: pytest.FixtureRequest, place: Place, publish: Callable[[Path, int], int]) -> Abused:
    """Give a place on each database; nothing runs there yet (`abused.place.start("run")`)."""
    return _abused(request.param, request, place, publish)


@pytest.fixture
def abused_sqlite(request: pytest.FixtureRequest, place: Place, publish: Callable[[Path, int], int]) -> Abused:
    """Give a place on SQLite, for what does not concern the database."""
    return _abused("sqlite", request, place, publish)


def _abused(kind: str, request: pytest.FixtureRequest, place: Place, publish: Callable[[Path, int], int]) -> Abused:
    url = f"sqlite:///{place.path}/var/results.db"
    if kind == "postgres":
        url = request.getfixturevalue("new_postgres_url")()
    publish(place.path / "model", 0)
    place.variables |= {"DIGITS_DATABASE_URL": url, "DIGITS_MODEL_DIR": str(place.path / "model")}
    return Abused(place, url)


Record = Callable[[str, str, int], None]


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Note a test's load, faults and number of lost files for the table at the end."""
    rows = request.config.stash.setdefault(_FIGURES, [])

    def note(load: str, faults: str, lost: int) -> None:
        database = "postgres" if "postgres" in request.node.name else "sqlite"
        rows.append((database, load, faults, str(lost)))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures as the README has them."""
    rows = config.stash.get(_FIGURES, [])
    if rows:
        terminalreporter.section("nothing lost", sep="=")
        for row in [("database", "load", "faults", "lost"), ("---", "---", "---", "---"), *sorted(rows)]:
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
