"""The start of a reading process, and what it owes the ledger after an outage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.address import Address
from broker.client import Client
from broker.presence import OwnPresence
from db import claims, intake
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from tests.place import ROOT
from worker import process
from worker.held_model import HeldModel

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


def test_rows_of_a_message_given_up_are_released_when_the_database_is_back(
    sqlite_database: Database, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row_id,) = intake.register(sqlite_database, "d", [SeenFile("a", 1, 1)])
    client = Client(address)
    presence = OwnPresence(client, "worker", str)
    held = process.ReadingProcess(sqlite_database, HeldModel(Path("nowhere"), "litert"), client, presence)
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
