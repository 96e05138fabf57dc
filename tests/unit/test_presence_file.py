"""The file that says that a part gets on."""

from pathlib import Path

import pytest

from broker.presence_file import PULSE_SECONDS, Pulse


def test_it_is_touched_at_most_every_few_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("broker.presence_file.time.monotonic", lambda: now)
    file = tmp_path / "pulse"
    beating = Pulse(file)
    beating.beat()
    file.unlink()
    beating.beat()
    assert not file.exists()
    now += PULSE_SECONDS
    beating.beat()
    assert file.exists()


def test_one_that_cannot_be_touched_ends_nobodys_work(tmp_path: Path) -> None:
    Pulse(tmp_path / "missing" / "pulse").beat()


def test_without_a_file_nothing_happens() -> None:
    Pulse(None).beat()
