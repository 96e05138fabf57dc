"""What `digits status` says of a real ledger, and of who is present."""

import dataclasses
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

import cli.health
from broker.address import Address
from broker.client import PRESENCE, Client
from broker.message import READING_QUEUE
from broker.presence import OwnPresence
from cli.models import activate_model
from cli.retry import retry
from cli.status import show_status
from db import intake
from db.engine import Database
from recognizer.installed import RuntimeChoice
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


@pytest.mark.parametrize(("choice", "reads"), [("auto", "litert"), ("keras", "keras")])
def test_status_says_which_runtime_reads(filled: Settings, choice: RuntimeChoice, reads: str, capsys: Capture) -> None:
    show_status(dataclasses.replace(filled, runtime=choice))
    assert re.search(rf"^runtime +{reads}$", capsys.readouterr().out, re.MULTILINE)


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
    now = time.time_ns() // 1_000_000
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
    assert capsys.readouterr().out.endswith("\nanswering stands still: 1 file waits, nothing was answered for 5 min\n")


def test_status_counts_the_silence_from_when_there_was_something_to_answer(
    sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    _minutes_ago(sqlite_database, seen=4, answered=600)
    assert show_status(announced(worker="model 1")) == 1
    out = capsys.readouterr().out
    assert (
        "answering stands still: 1 file waits, nothing was answered for 4 min, and there is no model to read with"
        in out
    )
    _minutes_ago(sqlite_database, seen=1, answered=600)
    assert show_status(announced()) == 0
    assert "stands still" not in capsys.readouterr().out


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
    assert "stands still" not in capsys.readouterr().out


def test_status_is_one_if_files_wait_for_long_and_a_part_is_missing(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    write_version(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=3, answered=1)
    assert show_status(announced(watcher="digits")) == 1
    assert (
        "answering stands still: 1 file waits, the oldest for 3 min, and no worker is running"
        in capsys.readouterr().out
    )
    _minutes_ago(sqlite_database, seen=9, answered=4)
    assert show_status(filled) == 1
    assert (
        "sending stands still: 1 file waits, the oldest for 9 min, and the broker can't be reached"
        in capsys.readouterr().out
    )


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


def test_programs_get_the_state_as_json(filled: Settings, announced: Announced, capsys: Capture) -> None:
    write_version(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    capsys.readouterr()
    assert show_status(announced(worker="model 1"), as_json=True) == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["healthy"], state["trouble"], state["seen"], state["balance_closes"]) == (True, None, 10, True)
    assert state["by_status"]["accepted"] == 5
    assert [(part["role"], part["doing"]) for part in state["parts"]] == [("worker", "model 1")]
    assert (state["broker_answers"], state["messages"], state["model"]["version"]) == (True, 0, 1)


def test_status_tells_a_lost_broker_from_a_missing_worker(filled: Settings, capsys: Capture) -> None:
    lost = dataclasses.replace(filled, redis_url="redis://127.0.0.1:1/0")
    show_status(lost)
    out = capsys.readouterr().out
    assert "1 file waits and the broker does not answer" in out
    assert "no worker" not in out


def test_status_names_the_sending_if_nothing_that_waits_was_ever_tried(
    sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET attempts = 0, claim = NULL, claimed_ms = NULL"))
    _minutes_ago(sqlite_database, seen=9, answered=9)
    assert show_status(announced(worker="model 1")) == 1
    assert "sending stands still: 1 file waits, the oldest for 9 min, and no watcher is running" in (
        capsys.readouterr().out
    )


def _long_ago(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file look as if it lay there for an hour: no program can set a file's change time."""
    path.write_bytes(b"x")
    monkeypatch.setattr(cli.health, "REGISTER_SECONDS", -1.0)


def test_status_names_the_registering_if_files_are_not_in_the_ledger(
    sqlite_database: Database, announced: Announced, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE status = 'queued'"))
    _long_ago(Path("digits/one.png"), monkeypatch)
    _long_ago(Path("digits/.hidden.png"), monkeypatch)
    assert show_status(announced(worker="model 1", watcher="digits")) == 1
    out = capsys.readouterr().out
    assert out.endswith("\nregistering stands still: 1 file in digits is not in the ledger\n")
    found = Path("digits/one.png").stat()
    intake.register(sqlite_database, "digits", [intake.SeenFile("one.png", found.st_size, found.st_mtime_ns)])
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET status = 'failed' WHERE status = 'queued'"))
    assert show_status(announced(worker="model 1")) == 0


@pytest.mark.parametrize(("watched", "code"), [("digits", 1), ("scans", 0)])
def test_files_of_a_folder_that_nobody_watches_here_are_not_missed(
    sqlite_database: Database, announced: Announced, watched: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE status = 'queued'"))
    _long_ago(Path("digits/one.png"), monkeypatch)
    assert show_status(announced(worker="model 1", watcher=watched)) == code


def test_files_of_a_folder_that_the_ledger_never_saw_are_not_missed(
    filled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("samples").mkdir()
    _long_ago(Path("samples/one.png"), monkeypatch)
    assert show_status(dataclasses.replace(filled, folder=Path("samples"))) == 0


def test_a_file_that_came_a_moment_ago_may_not_be_in_the_ledger_yet(filled: Settings) -> None:
    Path("digits/one.png").write_bytes(b"x")
    os.utime("digits/one.png", (1, 1))  # a file that was moved in keeps its old time
    assert show_status(filled) == 0


@pytest.mark.parametrize(("name", "command"), [(PRESENCE, "ZRANGE"), (READING_QUEUE, "LLEN")])
def test_status_says_why_a_broker_that_answers_is_of_no_use(
    filled: Settings, address: Address, capsys: Capture, name: str, command: str
) -> None:
    with closing(Client(address)) as client:
        client.redis.set(client.key(name), "x")
        show_status(dataclasses.replace(filled, redis_url=address.url))
    out = capsys.readouterr().out
    assert re.search(rf"^broker +the broker answers and refuses {command}: WRONGTYPE", out, re.MULTILINE)
    assert "1 file waits and the broker answers and refuses" in out


def test_what_is_passed_over_is_not_in_the_state_for_programs(announced: Announced, capsys: Capture) -> None:
    Path("digits/y\x1b[31m.csv").write_bytes(b"x")
    show_status(announced(watcher="digits"), as_json=True)
    assert json.loads(capsys.readouterr().out)["seen"] == 10
