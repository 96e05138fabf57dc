"""The ledger under abuse: eight writers at once, copies made meanwhile, a disk that is full for a while."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from db import queries
from db.engine import Database
from db.migrate import require_migrated
from tests.abuse.harness import Abused, Record

pytestmark = pytest.mark.abuse

Eventually = Callable[[Callable[[], object], float], None]

WRITERS = 8
#: Files a writer registers, claims and answers in one round.
FILES = 20
#: Everything a part does to a ledger, on a connection that is new each time, as after a crash.
WRITE = f"""
import sys
from db import claims, intake
from db.claims import Answer, DigitRow
from db.engine import Database
from db.intake import SeenFile
from db.tables import Status
digit = DigitRow(7, 0.9, (1, 2, 3, 4), (0.1,) * 10)
url, me, rounds = sys.argv[1:]
print(flush=True)
input()
for round in range(int(rounds)):
    database = Database(url)
    rows = intake.register(database, me, [SeenFile(f"{{round}}/{{n}}.png", 1, 1) for n in range({FILES})])
    assert len(claims.claim(database, rows, me).files) == {FILES}
    answers = [Answer(row, Status.ACCEPTED, reading="77", confidence=0.9, digits=(digit, digit)) for row in rows]
    assert claims.answer(database, me, answers) == {FILES}
    assert len(intake.requeue(database, rows[:1])) == 1
    intake.owed(database)
    database.close()
"""
#: The lines a part writes about a database that is lost and found again.
LOST, FOUND = 'event="the watcher waits"', 'event="the watcher goes on"'


@contextlib.contextmanager
def writers(database: Database, rounds: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start eight writers that begin together; fails if one of them fails."""
    url = database.url.render_as_string(hide_password=False)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, url, f"writer {number}", str(rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    try:
        for one in started:
            assert one.stdout
            assert one.stdout.readline() == "\n"
        for one in started:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
        yield started
        assert [(one.communicate(timeout=120)[1], one.returncode) for one in started] == [("", 0)] * WRITERS
    finally:
        for one in started:
            one.kill()
            one.communicate()


def at_work(started: list["subprocess.Popen[str]"]) -> bool:
    return any(one.poll() is None for one in started)


def count(database: Database, table: str) -> int:
    with database.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - fixed


@pytest.mark.long
def test_eight_writers_at_once_are_never_locked_out_and_lose_no_row(database: Database, record: Record) -> None:
    looks, rounds = 0, 100
    with writers(database, rounds) as started:
        while at_work(started):
            assert queries.balance(database).closes
            looks += 1
    rows = WRITERS * rounds * FILES
    balance = queries.balance(database)
    assert balance.seen == rows
    assert balance.waiting == WRITERS * rounds
    assert count(database, "digits") == 2 * (rows - balance.waiting)  # a row that is queued again has none
    assert looks > 0
    if database.engine.dialect.name == "sqlite":
        with database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    record(f"{rows:,} rows", f"{WRITERS} writers on one database", rows - balance.seen)


#: The line of docs/ledger.md, by Python's own SQLite, which may be as old as an installed sqlite3: it only reads. In a
#: process of its own, as two SQLite libraries in one drop each other's locks (sqlite.org/howtocorrupt.html, 2.2.1).
COPY = """
import sqlite3, sys
ledger, copy = sys.argv[1:]
connection = sqlite3.connect(ledger, timeout=30)
connection.execute(f"VACUUM INTO '{copy}'")
connection.close()
"""


def test_a_copy_made_while_eight_write_is_a_whole_ledger(sqlite_database: Database, tmp_path: Path) -> None:
    ledger, copies, rounds = tmp_path / "var" / "results.db", [tmp_path / "copy 0.db"], 20
    with writers(sqlite_database, rounds) as started:
        while at_work(started):
            subprocess.run([sys.executable, "-c", COPY, ledger, copies[-1]], check=True)
            copies.append(tmp_path / f"copy {len(copies)}.db")
    seen = [whole_rounds(copy) for copy in copies[:-1]]
    assert seen == sorted(seen)
    assert len(set(seen)) > 1, "no copy was made while they wrote"
    assert whole_rounds(ledger) == WRITERS * rounds * FILES


def whole_rounds(copy: Path) -> int:
    """Check that a copy is sound and holds whole transactions only; give its number of rows."""
    database = Database(f"sqlite:///{copy}")
    require_migrated(database)
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        registered = connection.execute(text("SELECT count(*) FROM images GROUP BY folder")).scalars().all()
        pairs = connection.execute(text("SELECT DISTINCT count(*) FROM digits GROUP BY image_id")).scalars().all()
    assert all(rows % FILES == 0 for rows in registered)
    assert pairs in ([2], [])
    balance = queries.balance(database)
    assert balance.closes
    database.close()
    return balance.seen


def fill(folder: Path) -> Path:
    """Write until not a byte more fits; give the file that took the room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
    return ballast


def send(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


def stand_still(abused: Abused, seconds: float) -> None:
    """Wait until nothing has changed in the ledger for so long."""
    counts, since = abused.counts(), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.1)
        if counts != (counts := abused.counts()):
            since = time.monotonic()


@pytest.mark.long
def test_a_disk_that_is_full_for_a_while_costs_no_file_and_no_process(
    tmpfs: Path, abused_sqlite: Abused, record: Record, eventually: Eventually
) -> None:
    abused, files = abused_sqlite, 2000
    (abused.place.path / "var").symlink_to(tmpfs)  # ledger, logs and the broker's socket; the watched folder is outside
    run = abused.start("run", "--workers", "2")
    abused.drop(range(100))
    eventually(lambda: abused.answered() == 100, 120)
    parts = set(abused.place.processes())

    readers = abused.pids("spawn_main")
    send(readers, signal.SIGSTOP)
    abused.drop(range(100, files // 2))
    eventually(lambda: abused.counts().get("queued") == files // 2 - 100, 120)
    ballast = fill(tmpfs)
    send(readers, signal.SIGCONT)  # these have rows to answer that were registered in time
    abused.drop(range(files // 2, files))  # and these can't even be registered
    stand_still(abused, 10)
    assert sum(abused.counts().values()) < files
    assert abused.answered() < files // 2
    ballast.unlink()

    took = abused.require_balance(files)
    assert "failed" not in abused.counts()
    assert run.poll() is None
    assert set(abused.place.processes()) == parts
    assert abused.log("watcher").count(LOST) == abused.log("watcher").count(FOUND) >= 1
    assert "database or disk is full" in abused.log("watcher")
    lost = abused.log("worker").count("the ledger is out of reach")
    assert abused.log("worker").count("the ledger is back") == lost >= 1
    assert lost <= 2 * 3  # each of two readers, should the room come and go
    record(f"{files:,} drops", "the ledger's disk full, then freed", files - abused.answered(), took)
