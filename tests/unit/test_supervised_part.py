"""A part of `digits run` is started again when it dies: at once, or less and less often if it is killed each time."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.address import Address
from settings import Settings
from supervisor.errors import RunFailed
from supervisor.part import HEALTHY_SECONDS, MAX_FAILURES, Part


class Place:
    """A part whose program only notes its start and ends, and a clock."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.var = folder / "var"
        self._starts = folder / "starts"
        self._program = folder / "program"
        monkeypatch.setattr("sys.executable", str(self._program))
        monkeypatch.setattr("supervisor.part.time.monotonic", lambda: self.now)
        self.part = Part("worker", [], Settings(var_dir=self.var), Address("redis://127.0.0.1:1/0", "digits"))

    def ends_by(self, command: str) -> None:
        self._program.write_text(f"#!/bin/sh\necho >> {self._starts}\necho it failed\n{command}\n", encoding="utf-8")
        self._program.chmod(0o700)

    def starts(self) -> int:
        """Count the starts, after the last one has ended."""
        self.part._process.wait(60)  # type: ignore[union-attr]  # noqa: SLF001 - `wait` would forget it
        return self._starts.read_text(encoding="utf-8").count("\n")

    def tend_for(self, seconds: int) -> int:
        """Look once a second; give the number of starts meanwhile."""
        before = self.starts()
        for _ in range(seconds):
            self.now += 1.0
            self.part.tend()
            self.starts()
        return self.starts() - before


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    place = Place(tmp_path, monkeypatch)
    yield place
    place.part.wait(60)


def test_a_part_that_is_killed_at_each_start_is_started_less_and_less_often(place: Place) -> None:
    place.ends_by("kill -9 $$")
    place.part.start()
    assert 4 <= place.tend_for(30) <= 9
    assert 1 <= place.tend_for(30) <= 3


def test_a_part_that_is_killed_after_a_healthy_life_is_started_at_once(place: Place) -> None:
    place.ends_by("kill -9 $$")
    place.part.start()
    place.tend_for(30)
    started = place.starts()
    for more in (1, 2, 3):
        place.now += HEALTHY_SECONDS
        place.part.tend()
        assert place.starts() == started + more


def test_a_part_that_fails_at_each_start_is_given_up_with_its_last_line(place: Place) -> None:
    place.ends_by("exit 1")
    place.part.start()
    with pytest.raises(RunFailed, match="the worker does not start: it failed"):
        place.tend_for(MAX_FAILURES)
    assert place.starts() == MAX_FAILURES


def test_a_part_whose_log_folder_was_removed_is_started_all_the_same(place: Place) -> None:
    place.ends_by("exit 0")
    place.part.start()
    assert place.starts() == 1
    shutil.rmtree(place.var)
    place.now += HEALTHY_SECONDS
    place.part.tend()
    assert place.starts() == 2
    assert (place.var / "log").stat().st_mode & 0o777 == 0o700
    assert place.part.log.read_text(encoding="utf-8") == "it failed\n"
