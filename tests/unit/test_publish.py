"""A published version is whole or absent, whatever happens between."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import recognizer.versions
from recognizer.contract import LITERT_FILE, MODEL_FILE, Card, CoveragePoint, read_card, verify_files
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.versions import active_version, published_versions
from trainer import lock
from trainer.errors import PublishFailed, TrainingBusy
from trainer.publish import activate, publish

ROOT = Path(__file__).parents[2]


def make_card(accuracy: float = 0.99) -> Card:
    return Card(
        version=0,
        architecture="mlp",
        recipe="none",
        seed=1,
        epochs=1,
        parameters=1,
        mnist_accuracy=accuracy,
        temperature=1.0,
        accept_threshold=0.9,
        reject_threshold=0.2,
        created_at="2024-01-01T00:00:00+00:00",
        training_seconds=1.0,
        files={},
        litert_margin=0.0,
        coverage=(CoveragePoint(0.0, 1.0, 0.01), CoveragePoint(0.95, 0.98, 0.0)),
    )


def write_weights(folder: Path) -> None:
    (folder / MODEL_FILE).write_bytes(b"weights")
    (folder / LITERT_FILE).write_bytes(b"the same")
    (folder / "curve.svg").write_bytes(b"picture")


@pytest.fixture(autouse=True)
def _own_versions_count_from_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizer.versions, "FIRST_OWN", 1)


def publish_version(model_dir: Path) -> int:
    return publish(model_dir, make_card(), write_weights).version


def run(code: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True
    )


def test_published_card_names_version_and_checksums(tmp_path: Path) -> None:
    card = publish(tmp_path / "model", make_card(), write_weights)
    folder = tmp_path / "model" / "0001"
    assert read_card(folder) == card
    assert sorted(card.files) == ["curve.svg", "model.keras", "model.tflite"]
    verify_files(card, folder)


def test_publishing_does_not_activate(tmp_path: Path) -> None:
    publish_version(tmp_path)
    with pytest.raises(ModelMissing):
        active_version(tmp_path)


def test_next_version_is_one_above_the_highest(tmp_path: Path) -> None:
    (tmp_path / "0007").mkdir()
    assert publish_version(tmp_path) == 8
    assert publish_version(tmp_path) == 9


def test_failed_write_publishes_nothing_and_is_cleared_by_the_next(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write_weights(folder)
        raise RuntimeError("the network could not be saved")

    with pytest.raises(RuntimeError):
        publish(tmp_path, make_card(), fail)
    assert published_versions(tmp_path) == []
    assert publish_version(tmp_path) == 1
    assert not list(tmp_path.glob("*.tmp"))


def test_full_disk_is_one_plain_sentence(tmp_path: Path) -> None:
    def fill(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(PublishFailed, match=r"^the model can't be published in .*: No space left on device$"):
        publish(tmp_path, make_card(), fill)
    assert published_versions(tmp_path) == []


@pytest.mark.parametrize("step", ["write", "Card.write", "os.fsync", "Path.rename"])
def test_killed_publication_leaves_nothing_half_published(tmp_path: Path, step: str) -> None:
    publish_version(tmp_path)
    activate(tmp_path, 1)
    result = run(KILLED, tmp_path, Path(step))
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert published_versions(tmp_path) == [1]
    assert active_version(tmp_path) == 1
    assert publish_version(tmp_path) == 2
    assert not list(tmp_path.glob("*.tmp"))


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, str(Path.cwd()))
from trainer.publish import publish
from recognizer.contract import LITERT_FILE, MODEL_FILE, Card

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def write(folder):
    (folder / MODEL_FILE).write_bytes(b"weights")
    (folder / LITERT_FILE).write_bytes(b"the same")
    if step == "write":
        die()

step = sys.argv[2]
if step == "Card.write":
    Card.write = die
if step == "os.fsync":
    os.fsync = die
if step == "Path.rename":
    Path.rename = die
card = Card(0, "mlp", "none", 1, 1, 1, 0.9, 1.0, 0.9, 0.2, "now", 1.0, {}, 0.0)
publish(Path(sys.argv[1]), card, write)
"""


def test_killed_activation_leaves_the_old_one_active(tmp_path: Path) -> None:
    publish_version(tmp_path)
    publish_version(tmp_path)
    activate(tmp_path, 1)
    code = """
import os, signal, sys
from pathlib import Path
from trainer.publish import activate
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
activate(Path(sys.argv[1]), 2)
"""
    assert run(code, tmp_path).returncode == -signal.SIGKILL
    assert active_version(tmp_path) == 1
    activate(tmp_path, 2)
    assert active_version(tmp_path) == 2


def test_rolling_back_activates_an_older_version(tmp_path: Path) -> None:
    for _ in range(2):
        publish_version(tmp_path)
    activate(tmp_path, 2)
    assert activate(tmp_path, 1).version == 1
    assert active_version(tmp_path) == 1


def test_damaged_version_is_not_activated(tmp_path: Path) -> None:
    for _ in range(2):
        publish_version(tmp_path)
    activate(tmp_path, 1)
    (tmp_path / "0002" / "model.keras").write_bytes(b"other weights")
    with pytest.raises(ContractMismatch, match="checksum differs"):
        activate(tmp_path, 2)
    assert active_version(tmp_path) == 1


def test_card_of_another_version_is_not_activated(tmp_path: Path) -> None:
    publish_version(tmp_path)
    (tmp_path / "0001").rename(tmp_path / "0005")
    with pytest.raises(ContractMismatch, match="version 1's"):
        activate(tmp_path, 5)


def test_version_that_is_not_there_is_not_activated(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        activate(tmp_path, 3)


def test_two_trainings_of_one_folder_exclude_each_other(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from trainer import lock
from trainer.errors import TrainingBusy
try:
    with lock.training(Path(sys.argv[1])):
        print("trained")
except TrainingBusy as error:
    print(error)
"""
    with lock.training(tmp_path):
        assert run(code, tmp_path).stdout == f"another training is at work in {tmp_path}\n"
    assert run(code, tmp_path).stdout == "trained\n"


def test_killed_training_gives_its_lock_back(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from trainer import lock
with lock.training(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run(code, tmp_path).returncode == -signal.SIGKILL
    with lock.training(tmp_path):
        pass


def test_one_process_can_not_train_twice_at_once(tmp_path: Path) -> None:
    with lock.training(tmp_path), pytest.raises(TrainingBusy), lock.training(tmp_path):
        pass


def test_rolling_back_does_not_wait_for_a_training(tmp_path: Path) -> None:
    publish_version(tmp_path)
    with lock.training(tmp_path):
        assert activate(tmp_path, 1).version == 1


def test_folder_that_can_not_be_made_is_one_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PublishFailed, match="can't be written") as caught:
        publish_version(tmp_path / "file" / "model")
    assert str(caught.value).isprintable()
