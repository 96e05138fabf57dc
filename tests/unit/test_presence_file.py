"""The file that says that a part gets on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broker import presence_file
from broker.presence_file import PresenceFile

Eventually = Callable[[Callable[[], object], float], None]


def test_it_is_not_touched_again_before_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_file, "TOUCH_SECONDS", 3600.0)
    path = tmp_path / "presence"
    file = PresenceFile(path)
    file.touch()
    path.unlink()
    file.touch()
    assert not path.exists()


def test_it_is_touched_again_when_its_time_has_come(
    tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_file, "TOUCH_SECONDS", 0.05)
    path = tmp_path / "presence"
    file = PresenceFile(path)
    file.touch()
    path.unlink()

    def touched_again() -> bool:
        file.touch()
        return path.exists()

    eventually(touched_again, 20)


def test_one_that_cannot_be_touched_ends_nobodys_work(tmp_path: Path) -> None:
    PresenceFile(tmp_path / "missing" / "presence").touch()
    assert not list(tmp_path.iterdir())


def test_without_a_path_no_file_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PresenceFile(None).touch()
    assert not list(tmp_path.iterdir())
