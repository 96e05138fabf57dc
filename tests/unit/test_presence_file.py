"""The file that says that a part gets on."""

from pathlib import Path

import pytest

from broker.presence_file import TOUCH_SECONDS, PresenceFile


def test_it_is_touched_at_most_every_few_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("broker.presence_file.time.monotonic", lambda: now)
    file = tmp_path / "presence"
    presence_file = PresenceFile(file)
    presence_file.touch()
    file.unlink()
    presence_file.touch()
    assert not file.exists()
    now += TOUCH_SECONDS
    presence_file.touch()
    assert file.exists()


def test_one_that_cannot_be_touched_ends_nobodys_work(tmp_path: Path) -> None:
    PresenceFile(tmp_path / "missing" / "presence").touch()


def test_without_a_file_nothing_happens() -> None:
    PresenceFile(None).touch()
