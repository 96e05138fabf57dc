"""What `digits train` prints, and where it queues a training."""

import dataclasses
from contextlib import closing
from pathlib import Path

import pytest

import cli.train
import trainer.train
from broker.address import Address
from broker.client import Client
from broker.errors import BrokerUnavailable
from cli.errors import CommandFailed
from settings import Settings
from tests.sevens import Sevens
from trainer.errors import NumbersAlone
from trainer.fit import Progress
from trainer.gate import Verdict

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_train_prints_a_line_an_epoch_and_the_figures(settings: Settings, monkeypatch: Patch, capsys: Capture) -> None:
    def fake(model_dir: Path, **wishes: object) -> trainer.train.Published:
        assert wishes.pop("architecture") == "cnn"
        report = wishes["on_progress"]
        assert callable(report)
        for step in range(20):
            report(Progress("digits", step // 10 + 1, 2, step / 20, None if step < 10 else 0.97, 61.0))
        return trainer.train.Published(
            Sevens.card, model_dir / "0004", Verdict(activate=True, reason="it is made active")
        )

    monkeypatch.setattr(trainer.train, "train", fake)
    cli.train.train(settings, architecture="cnn", only=None, further=False, epochs=2, force=False, queue=False)
    out, error = capsys.readouterr()
    assert error.splitlines() == [
        "digits, epoch 1 of 2, 2 min left",
        "digits, epoch 2 of 2, 97.00% right, 2 min left",
    ]
    assert "99.55%" in out
    assert "it is made active" in out
    assert "model/0004/curve.svg and confusion.svg" in out


def test_a_training_can_be_queued_only_where_a_broker_answers(settings: Settings, address: Address) -> None:
    with pytest.raises(BrokerUnavailable):
        cli.train.train(settings, architecture="cnn", only=None, further=False, epochs=1, force=False, queue=True)
    reachable = dataclasses.replace(settings, redis_url=address.url)
    cli.train.train(reachable, architecture="cnn", only=None, further=False, epochs=1, force=False, queue=True)
    client = Client(address)
    assert client.trainings_waiting() == 1
    client.close()


@pytest.mark.parametrize(
    ("name", "value"), [("force", True), ("architecture", "mlp"), ("only", "digits"), ("further", True)]
)
def test_a_queued_training_neither_forces_nor_chooses(
    settings: Settings, address: Address, name: str, value: object
) -> None:
    chosen = {"architecture": "cnn", "only": None, "further": False, "epochs": 1, "force": False, name: value}
    reachable = dataclasses.replace(settings, redis_url=address.url)
    with pytest.raises(CommandFailed, match=f"--{name} trains here and now: leave out --queue"):
        cli.train.train(reachable, **chosen, queue=True)  # type: ignore[arg-type]  # one of each type
    with closing(Client(address)) as client:
        assert client.trainings_waiting() == 0


@pytest.mark.parametrize(("name", "value"), [("architecture", "mlp"), ("only", "digits")])
def test_only_the_number_reader_is_trained_further(settings: Settings, name: str, value: str) -> None:
    chosen = {"architecture": "cnn", "only": None, "epochs": 1, "force": False, name: value}
    with pytest.raises(NumbersAlone, match="--further trains the number reader: leave out"):
        cli.train.train(settings, **chosen, further=True, queue=False)  # type: ignore[arg-type]  # one of each type
