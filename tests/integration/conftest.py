"""What tests of the commands share: settings, and a ledger that holds something."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from broker.address import Address
from broker.client import Client
from db import claims, intake
from db.engine import Database
from db.tables import Status
from settings import Settings
from tests.filled import ROWS, answer
from tests.integration.watched import Eventually, Watched


@pytest.fixture
def settings(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give the settings of a project, in whose directory the test runs."""
    monkeypatch.chdir(tmp_path)
    for name in ("digits", "model"):
        Path(name).mkdir()
    url = f"sqlite:///{Path(sqlite_database.url.database or '').relative_to(tmp_path)}"
    return Settings(database_url=url, folder=Path("digits"), model_dir=Path("model"), var_dir=tmp_path / "var")


@pytest.fixture
def filled(settings: Settings, sqlite_database: Database) -> Settings:
    """Give a ledger with one row of every kind."""
    seen = [intake.SeenFile(path, 100, number) for number, (path, *_) in enumerate(ROWS, 1)]
    ids = intake.register(sqlite_database, "digits", seen)
    claims.claim(sqlite_database, ids, "message")
    answers = [
        answer(row_id, reading, confidence, status, reason)
        for row_id, (_, reading, confidence, status, reason) in zip(ids, ROWS, strict=True)
        if status != Status.QUEUED
    ]
    assert claims.answer(sqlite_database, "message", answers) == len(ROWS) - 1
    return settings


@pytest.fixture
def signed(filled: Settings, sqlite_database: Database) -> Settings:
    """Give the same ledger with one more row, whose number has a sign."""
    (row_id,) = intake.register(sqlite_database, "digits", [intake.SeenFile("price.png", 100, 99)])
    claims.claim(sqlite_database, [row_id], "message")
    claims.answer(sqlite_database, "message", [answer(row_id, "125", 0.99, Status.ACCEPTED, None, written="12.5")])
    return filled


@pytest.fixture
def watched(
    tmp_path: Path,
    sqlite_database: Database,
    address: Address,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watched]:
    monkeypatch.setattr("watcher.watch.RECONCILE_SECONDS", 0.1)
    monkeypatch.setattr("watcher.watch.shared_type", lambda _folder: None)  # of this machine's own file systems
    (tmp_path / "digits").mkdir()
    client = Client(address)
    watched = Watched(tmp_path / "digits", sqlite_database, client, eventually)
    with structlog.testing.capture_logs() as logs:
        watched.logs = logs
        yield watched
        watched.stop()
    client.close()


@pytest.fixture
def started(watched: Watched) -> Watched:
    """Give a folder whose watcher already sees events."""
    watched.start()
    return watched
