"""What `digits status` says of a real ledger, and of who is present."""

import dataclasses
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import text

from broker.address import Address
from broker.client import PRESENCE, Client
from broker.presence import OwnPresence
from cli.models import activate_model
from cli.retry import retry
from cli.status import show_status
from db import intake
from db.engine import Database
from settings import Settings
from tests.versions import write_version

Capture = pytest.CaptureFixture[str]


def test_status_shows_the_balance_and_that_nothing_runs(filled: Settings, capsys: Capture) -> None:
    assert show_status(filled) == 0
    out = capsys.readouterr().out
    assert re.search(r"^accepted +5$", out, re.MULTILINE)
    assert re.search(r"^seen +10  the balance closes$", out, re.MULTILINE)
    assert "`digits run` starts it" in out
    assert "1 file waits and no worker is running" in out


def test_status_shows_who_runs(filled: Settings, address: Address, capsys: Capture) -> None:
    with closing(Client(address)) as client:
        OwnPresence(client, "worker", lambda: "model 3\x1b").announce()
        assert show_status(dataclasses.replace(filled, redis_url=address.url)) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^worker +model 3\\x1b \(.*, process {os.getpid()}\)$", out, re.MULTILINE)
    assert re.search(r"^watcher +none is running$", out, re.MULTILINE)
    assert "no worker is running" not in out


def test_status_is_one_if_the_balance_does_not_close(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE images SET status = 'lost' WHERE path = 'seven.png'"))
    assert show_status(filled) == 1
    assert "DOES NOT CLOSE" in capsys.readouterr().out


def _minutes_ago(database: Database, *, seen: float, answered: float) -> None:
    """Let all files have come, and all answers have been written, so long ago."""
    now = intake.now_ms()
    with database.writing() as connection:
        connection.execute(text("UPDATE images SET first_seen_ms = :then"), {"then": now - seen * 60_000})
        latest = text("UPDATE images SET recognized_ms = :then WHERE recognized_ms IS NOT NULL")
        connection.execute(latest, {"then": now - answered * 60_000})


@pytest.fixture
def announced(filled: Settings, address: Address) -> Iterator[Callable[..., Settings]]:
    """Announce some parts; gives the settings under which they are seen."""
    with closing(Client(address)) as client:

        def announce(**parts: str) -> Settings:
            for role, doing in parts.items():
                OwnPresence(client, role, lambda doing=doing: doing).announce()  # type: ignore[misc, arg-type]  # mypy, defaults and literals
            return dataclasses.replace(filled, redis_url=address.url)

        yield announce


Announced = Callable[..., Settings]


def test_status_is_one_if_nothing_is_answered_for_long(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    write_version(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=60, answered=5)
    assert show_status(announced(worker="model 1", watcher="digits")) == 1
    assert capsys.readouterr().out.endswith("\nstalled: 1 file waits, nothing was answered for 5 min\n")


def test_status_counts_the_silence_from_when_there_was_something_to_answer(
    sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    _minutes_ago(sqlite_database, seen=4, answered=600)
    assert show_status(announced(worker="model 1")) == 1
    out = capsys.readouterr().out
    assert "stalled: 1 file waits, nothing was answered for 4 min, and there is no model to read with" in out
    _minutes_ago(sqlite_database, seen=1, answered=600)
    assert show_status(announced()) == 0
    assert "stalled" not in capsys.readouterr().out


def test_status_is_zero_while_answers_come(sqlite_database: Database, announced: Announced) -> None:
    _minutes_ago(sqlite_database, seen=60, answered=1)
    assert show_status(announced(worker="model 1")) == 0  # `digits run --once` has no watcher


def test_status_is_zero_when_nothing_waits_and_nothing_runs(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE status = 'queued'"))
    _minutes_ago(sqlite_database, seen=600, answered=600)
    assert show_status(filled) == 0
    assert "stalled" not in capsys.readouterr().out


def test_status_is_one_if_files_wait_for_long_and_a_part_is_missing(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    write_version(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=3, answered=1)
    assert show_status(announced(watcher="digits")) == 1
    assert "stalled: 1 file waits, the oldest for 3 min, and no worker is running" in capsys.readouterr().out
    _minutes_ago(sqlite_database, seen=9, answered=4)
    assert show_status(filled) == 1
    assert "stalled: 1 file waits, the oldest for 9 min, and the broker can't be reached" in capsys.readouterr().out


def test_status_names_a_missing_watcher(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    write_version(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=9, answered=4)
    assert show_status(announced(worker="model 1")) == 1
    assert "nothing was answered for 4 min, and no watcher is running" in capsys.readouterr().out


@pytest.mark.parametrize(("doing", "code"), [("epoch 3 of 20, 17 min left", 0), ("failed: no way to MNIST", 1)])
def test_waiting_for_the_first_model_is_no_stall_while_it_is_trained(
    sqlite_database: Database, announced: Announced, doing: str, code: int
) -> None:
    _minutes_ago(sqlite_database, seen=9, answered=9)
    assert show_status(announced(worker="no model", trainer=doing)) == code


def test_status_counts_from_when_a_file_was_put_back(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE status = 'queued'"))
    _minutes_ago(sqlite_database, seen=600, answered=600)
    retry(filled, None)
    assert show_status(filled) == 0
    out = capsys.readouterr().out
    assert "1 file waits and no worker is running" in out
    assert re.search(r"^queued +1  the oldest for \d s$", out, re.MULTILINE)


def test_status_names_the_model_each_worker_holds(filled: Settings, address: Address, capsys: Capture) -> None:
    with closing(Client(address)) as client:
        for pid, version in ((7, 3), (8, 4)):
            presence = {"role": "worker", "host": "h", "pid": pid, "doing": f"model {version}"}
            client.redis.zadd(client.key(PRESENCE), {json.dumps(presence): time.time()})
    assert show_status(dataclasses.replace(filled, redis_url=address.url)) == 0
    out = capsys.readouterr().out
    assert re.search(r"^worker +model 3 \(h, process 7\)\nworker +model 4 \(h, process 8\)$", out, re.MULTILINE)


def test_status_says_why_a_broker_that_answers_is_of_no_use(
    filled: Settings, address: Address, capsys: Capture
) -> None:
    with closing(Client(address)) as client:
        client.redis.set(client.key(PRESENCE), "x")
        show_status(dataclasses.replace(filled, redis_url=address.url))
    assert "broker    the broker can't be used: WRONGTYPE" in capsys.readouterr().out
