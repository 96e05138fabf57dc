"""The start of a reading process, and what it owes the ledger after an outage."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from broker.address import Address
from broker.client import Client
from broker.presence import OwnPresence
from db import claims, intake
from db.engine import Database
from db.errors import DatabaseUnavailable, ValueRefused
from db.intake import SeenFile
from logs import Outage
from recognizer.contract import Card
from recognizer.model import LoadedModel
from recognizer.runtime import Runtime
from tests.place import ROOT
from worker import process, tasks
from worker.chunk import ReadChunk
from worker.held_model import HeldModel
from worker.waits import UNSEEN

CARD = Card(1, "mlp", "", 1, 1, 1, 0.99, 1.0, 0.9, 0.2, "", 1.0, {})

#: Starts as a pool's child does, makes an object that refers to itself and many more, and tells whether it is left.
START = """
import weakref
from celery.signals import worker_process_init
import worker.process

class Loop:
    def __init__(self):
        self.itself = self

worker_process_init.send(sender=None)
gone = weakref.ref(Loop())
kept = [[] for _ in range(100_000)]
print("left" if gone() else "collected")
"""


def test_after_a_start_that_fails_garbage_is_collected() -> None:
    """Celery logs what went wrong, and the process lives on."""
    environment = os.environ | {
        process.ROLE_VARIABLE: process.READER,
        "DIGITS_DATABASE_URL": "mysql://nowhere/digits",
    }
    command = [sys.executable, "-c", START]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "the database URL 'mysql://nowhere/digits' can't be used" in ended.stderr
    assert ended.stdout == "collected\n"


def holding(database: Database, client: Client) -> process.ReadingProcess:
    """Give what a reading process keeps, without a model."""
    presence = OwnPresence(client, "worker", str)
    return process.ReadingProcess(database, HeldModel(Path("nowhere"), "litert"), client, presence)


def test_rows_of_a_folder_that_is_not_seen_are_enqueued_once_in_one_message(
    sqlite_database: Database, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each message would become several, which go round for ever where no worker sees the folder."""
    files = [SeenFile(f"{number}.png", 1, 1) for number in range(100)]
    rows = intake.register(sqlite_database, "/nowhere", files)
    client = Client(address)
    held = holding(sqlite_database, client)
    monkeypatch.setattr(tasks, "reading_process", lambda: held)
    monkeypatch.setattr(held.model, "current", lambda: LoadedModel(CARD, Runtime((1,), np.zeros)))
    given = []
    for waiting in (1, 1, 1):
        given.append(tasks.read_rows.apply(kwargs={"ids": rows}).get())
        assert client.waiting() == waiting
    assert given == [UNSEEN] * 3
    assert held.unseen == {"/nowhere"}
    assert intake.owed(sqlite_database).fresh == rows  # their watcher sends them again
    client.close()


def test_a_folder_is_missed_anew_after_a_file_of_its_own_was_read_and_not_after_others(
    sqlite_database: Database, address: Address
) -> None:
    client = Client(address)
    held = holding(sqlite_database, client)
    assert held.note(ReadChunk(unseen={1: "a", 2: "a"})) == [1, 2]
    assert held.note(ReadChunk(answered=1, unseen={1: "a", 3: "c"}, seen={"b"})) == [3]
    assert held.note(ReadChunk(answered=1, seen={"a"})) == []
    assert held.unseen == {"c"}
    assert held.note(ReadChunk(unseen={1: "a"})) == [1]
    client.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueRefused("no room"), ["the ledger can't hold a value, its rows are enqueued again later"]),
        (DatabaseUnavailable("away"), ["the ledger is out of reach, its rows are enqueued again later"]),
    ],
)
def test_a_value_that_the_ledger_refuses_is_not_told_as_an_outage(
    sqlite_database: Database, address: Address, monkeypatch: pytest.MonkeyPatch, error: Exception, told: list[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    client = Client(address)
    held = holding(sqlite_database, client)
    monkeypatch.setattr(tasks, "reading_process", lambda: held)
    monkeypatch.setattr(tasks, "_ledger", Outage("the ledger is out of reach, its rows are enqueued again later", ""))
    monkeypatch.setattr(held.model, "current", lambda: LoadedModel(CARD, Runtime((1,), np.zeros)))
    monkeypatch.setattr(claims, "claim", fail)
    with capture_logs() as logs:
        assert tasks.read_rows.apply(kwargs={"ids": [1]}).get() == 0
    assert [line["event"] for line in logs] == told
    client.close()


def test_rows_of_a_message_given_up_are_released_when_the_database_is_back(
    sqlite_database: Database, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row_id,) = intake.register(sqlite_database, "d", [SeenFile("a", 1, 1)])
    client = Client(address)
    held = holding(sqlite_database, client)
    held.unreleased["message"] = [row_id]
    claims.claim(sqlite_database, [row_id], "message")

    def refuse(*_: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(claims, "release", refuse)
        with pytest.raises(DatabaseUnavailable):
            held.release()
    assert intake.owed(sqlite_database).fresh == []
    held.release()
    assert intake.owed(sqlite_database).fresh == [row_id]  # with its attempt back
    held.release()
    client.close()
