"""The shipped models and a user's own: which is found, which takes precedence, and which number a new one has."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import recognizer.versions
from cli.models import show_models
from recognizer.contract import LITERT_FILE, MODEL_FILE, Card
from recognizer.versions import ACTIVE_FILE, FIRST_OWN, active_card, active_version, all_versions, folder_of
from tests.place import ROOT
from trainer.gate import needed
from trainer.publish import activate, publish

CARD = Card(1, "mlp", "", 1, 1, 1, 0.99, 1.0, 0.9, 0.2, "2026-11-01T00:00:00+00:00", 1.0, {})


def write(folder: Path) -> None:
    (folder / MODEL_FILE).write_bytes(b"weights")
    (folder / LITERT_FILE).write_bytes(b"weights")


def release(shipped: Path, created_at: str) -> None:
    """Ship one more version, as the next release would."""
    activate(shipped, publish(shipped, replace(CARD, created_at=created_at), write).version)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(recognizer.versions, "SHIPPED", shipped)
    release(shipped, CARD.created_at)
    return shipped


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "model"


def test_without_own_models_the_shipped_one_reads_and_no_training_is_needed(shipped: Path, own: Path) -> None:
    assert active_version(own) == 1
    assert folder_of(own, 1) == shipped / "0001"
    assert needed(own) is None
    assert not own.exists()


def test_an_own_version_has_a_number_that_no_release_takes_and_one_can_go_back(shipped: Path, own: Path) -> None:
    card = publish(own, CARD, write)
    assert card.version == FIRST_OWN
    release(shipped, CARD.created_at)
    assert all_versions(own) == [1, 2, FIRST_OWN]
    for version in (FIRST_OWN, 1):
        activate(own, version)
        assert active_card(own).version == version
    assert (shipped / ACTIVE_FILE).read_text() == "0002\n"


def test_an_upgrade_keeps_the_choice_and_says_what_is_newer(
    shipped: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    activate(own, 1)
    show_models(own)
    assert "is newer" not in capsys.readouterr().out
    release(shipped, "2026-12-01T00:00:00+00:00")
    assert active_version(own) == 1
    show_models(own)
    assert "`digits models activate 2` lets it read" in capsys.readouterr().out


def test_an_own_version_of_a_shipped_number_takes_precedence(shipped: Path, own: Path) -> None:
    (own / "0001").mkdir(parents=True)
    assert folder_of(own, 1) == own / "0001"
    assert (shipped / "0001").exists()


@pytest.mark.usefixtures("shipped")
def test_a_damaged_own_model_is_replaced_by_the_shipped_one_without_a_training(own: Path) -> None:
    activate(own, publish(own, CARD, write).version)
    (own / "1001" / MODEL_FILE).write_bytes(b"other")
    assert needed(own) is None


def test_git_ignores_what_users_drop_and_train_and_tracks_what_is_shipped() -> None:
    def ignored(*paths: str) -> list[str]:
        command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", *paths]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()

    users = ["digits/dropped.png", "digits/scans/1.png", "model/1001/card.json", "model/active", "model/.lock"]
    assert ignored(*users) == users
    assert ignored("recognizer/shipped/0004/card.json", "recognizer/shipped/active") == []
