"""The start of a reading process, and what it owes the ledger after an outage."""

import gc
from pathlib import Path

import pytest
from celery.signals import worker_process_init

from broker.address import Address
from broker.client import Client
from broker.presence import OwnPresence
from db import claims, intake
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from worker import process
from worker.held_model import HeldModel


def test_a_start_that_fails_leaves_the_search_for_garbage_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery logs what went wrong, and the process lives on."""
    searched: list[bool] = []

    def fail() -> None:
        searched.append(gc.isenabled())
        raise OSError("no room")

    monkeypatch.setenv(process.ROLE_VARIABLE, process.READER)
    monkeypatch.setattr(process, "configure_logs", lambda _level: None)
    monkeypatch.setattr(process, "reading_process", fail)
    try:
        worker_process_init.send(sender=None)
        assert searched == [False]
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()


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
