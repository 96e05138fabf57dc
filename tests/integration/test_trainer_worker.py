"""What the trainer's side of the queue does when a training can't be, or its end can't be told."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

import worker.training
from broker.address import Address
from broker.client import Client
from broker.presence import FAILED, present
from recognizer.contract import Card
from trainer import lock
from trainer.gate import Verdict
from trainer.train import Published
from worker.training import train_and_enqueue

CARD = Card(4, "mlp", "", 1, 1, 1, 0.99, 1.0, 0.9, 0.2, "", 1.0, {})


@pytest.fixture
def models(tmp_path: Path, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the model folder of a place without a ledger."""
    monkeypatch.setenv("DIGITS_MODEL_DIR", str(tmp_path / "model"))
    monkeypatch.setenv("DIGITS_DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/results.db")
    monkeypatch.setenv("DIGITS_REDIS_URL", broker_url)
    return tmp_path / "model"


@pytest.fixture
def events() -> Iterator[Callable[[], list[str]]]:
    with structlog.testing.capture_logs() as logs:
        yield lambda: [line["event"] for line in logs]


def trainers(broker_url: str) -> list[str]:
    with closing(Client(Address(broker_url, "digits"))) as client:
        return [one.doing for one in present(client) or [] if one.role == "trainer"]


def test_a_training_beside_another_is_dropped_and_is_no_failure(
    models: Path, broker_url: str, events: Callable[[], list[str]]
) -> None:
    with lock.training(models):
        train_and_enqueue(1, only_if_needed=True)
    assert events() == ["training dropped"]
    assert not [doing for doing in trainers(broker_url) if doing.startswith(FAILED)]


@pytest.mark.usefixtures("models")
def test_a_training_whose_rows_can_not_be_enqueued_has_not_failed(
    broker_url: str, events: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = Published(CARD, Path("model/0004"), Verdict(activate=True, reason="it is made active"))
    monkeypatch.setattr(worker.training, "train", lambda *_, **__: published)
    train_and_enqueue(1, only_if_needed=False)
    assert events() == ["training ended", "the ledger is out of reach, its rows are enqueued again later"]
    assert not [doing for doing in trainers(broker_url) if doing.startswith(FAILED)]
