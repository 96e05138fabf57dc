"""`digits status` as a health check of a running system, and `digits retry` on it."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from tests.abuse.harness import PICTURE, Abused

pytestmark = pytest.mark.abuse

Eventually = Callable[[Callable[[], object], float], None]

PATIENCE = 120.0


def make_older(abused: Abused, minutes: int) -> None:
    """Move all times in the ledger back by some minutes."""
    database = Database(abused.url)
    with database.writing() as connection:
        for column in ("first_seen_ms", "recognized_ms"):
            connection.execute(text(f"UPDATE images SET {column} = {column} - {minutes * 60_000}"))  # noqa: S608 - fixed
    database.close()


def drop_aged(path: Path, data: bytes) -> None:
    """Drop a file that was last changed long ago, so that nobody takes it for one that still grows."""
    made = path.with_suffix(".part")
    made.write_bytes(data)
    os.utime(made, (1_600_000_000, 1_600_000_000))
    made.replace(path)


def test_status_tells_idle_stalled_and_recovered_and_another_file_of_the_same_time_is_read(
    abused_sqlite: Abused, eventually: Eventually
) -> None:
    abused = abused_sqlite
    abused.start("run", "--workers", "1")
    abused.drop([0])
    drop_aged(abused.inbox / "bad.png", b"?" * len(PICTURE))
    eventually(lambda: abused.answered() == 2, PATIENCE)
    idle = abused.place.digits("status")
    assert idle.returncode == 0
    assert re.search(r"^failed +1$", idle.stdout, re.MULTILINE)
    assert re.search(r"^worker +model 1 \(.*, process \d+\)$", idle.stdout, re.MULTILINE)
    assert re.search(r"^watcher +digits \(.*, process \d+\)$", idle.stdout, re.MULTILINE)

    readers = abused.pids("spawn_main")
    for pid in readers:
        os.kill(pid, signal.SIGSTOP)
    abused.drop([1])
    eventually(lambda: abused.counts().get("queued") == 1, PATIENCE)
    fresh = abused.place.digits("status")
    assert fresh.returncode == 0, fresh.stdout
    make_older(abused, minutes=7)
    stalled = abused.place.digits("status")
    assert stalled.returncode == 1
    assert re.fullmatch(
        r"answering stands still: 1 file waits, nothing was answered for 7 min( \d+ s)?",
        stalled.stdout.splitlines()[-1],
    )

    for pid in readers:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: abused.answered() == 3, PATIENCE)
    assert abused.place.digits("status").returncode == 0

    drop_aged(abused.inbox / "bad.png", PICTURE)  # of the same size and time, but another file
    eventually(lambda: abused.counts() == {"accepted": 3}, PATIENCE)

    abused.require_balance(3)
