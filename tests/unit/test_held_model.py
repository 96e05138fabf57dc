"""A process follows the active model, and keeps the old one if the new one has any fault."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import structlog

import worker.held_model
from recognizer.arrays import Crops, Probabilities
from recognizer.contract import Card
from recognizer.errors import ContractMismatch, ModelMissing, RecognitionError
from recognizer.installed import RuntimeName
from recognizer.model import LoadedModel
from recognizer.runtime import Runtime
from recognizer.versions import ACTIVE_FILE
from worker.held_model import HeldModel

CARD = Card(1, "mlp", "", 1, 1, 1, 0.99, 1.0, 0.9, 0.2, "", 1.0, {})


class Folder:
    """A model folder whose weights are made up; `bad` tells what loading a version raises."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loads: list[int] = []
        self.bad: dict[int, Exception] = {}
        self.answers: dict[int, float] = {}
        self.numbers: dict[int, int] = {}

    def activate(self, version: int) -> None:
        new = self.path / "active.tmp"
        new.write_text(f"{version:04d}\n", encoding="ascii")
        new.replace(self.path / ACTIVE_FILE)

    def load(self, _: Path, version: int, runtime: RuntimeName) -> LoadedModel:
        assert runtime == "litert"
        self.loads.append(version)
        if version in self.bad:
            raise self.bad[version]
        sure = self.answers.get(version, 0.1)

        def run(batch: Crops) -> Probabilities:
            return np.full((len(batch), 10), sure, np.float32)

        return LoadedModel(replace(CARD, version=self.numbers.get(version, version)), Runtime((1,), run))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path)
    monkeypatch.setattr(worker.held_model, "load_model", folder.load)
    return folder


@pytest.fixture
def events() -> Iterator[Callable[[str], list[str]]]:
    """Give the reasons of all log lines that begin with some words."""
    with structlog.testing.capture_logs() as logs:
        yield lambda words: [str(line.get("why")) for line in logs if line["event"].startswith(words)]


Events = Callable[[str], list[str]]


def test_a_new_model_is_taken_when_it_is_active_and_only_once(folder: Folder) -> None:
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    assert held.version is None
    assert [held.current().card.version for _ in range(3)] == [1, 1, 1]
    folder.activate(2)
    assert [held.current().card.version for _ in range(3)] == [2, 2, 2]
    assert folder.loads == [1, 2]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ContractMismatch("checksum differs"), "checksum differs"),
        (zipfile.BadZipFile("Bad magic number"), r"version 2 can't be used \(BadZipFile: Bad magic number\)"),
    ],
)
def test_whatever_is_wrong_with_a_new_model_the_old_one_serves_and_it_is_said_once(
    folder: Folder, events: Events, error: Exception, why: str
) -> None:
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    held.current()
    folder.bad[2] = error
    folder.activate(2)
    assert [held.current().card.version for _ in range(5)] == [1] * 5
    assert folder.loads == [1, 2]
    (said,) = events("model refused")
    assert re.search(why, said)


def test_a_refused_model_is_tried_again_when_it_is_activated_anew(folder: Folder) -> None:
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    held.current()
    folder.bad[2] = ContractMismatch("checksum differs")
    folder.activate(2)
    held.current()
    del folder.bad[2]
    folder.activate(2)
    assert held.current().card.version == 2


@pytest.mark.parametrize("error", [MemoryError(), OSError(24, "Too many open files")], ids=["memory", "files"])
def test_a_model_that_the_host_failed_to_load_is_tried_again_with_the_next_message(
    folder: Folder, events: Events, error: Exception
) -> None:
    folder.bad[1] = error
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    for _ in range(2):
        with pytest.raises(type(error)):  # and no shipped model reads instead
            held.current()
    folder.bad.clear()
    assert held.current().card.version == 1
    folder.bad[2] = error
    folder.activate(2)
    assert [held.current().card.version for _ in range(2)] == [1, 1]
    assert len(events("model refused")) == 1
    folder.bad.clear()
    assert held.current().card.version == 2


def test_without_an_old_one_the_reason_comes_back_every_time(folder: Folder) -> None:
    held = HeldModel(folder.path, "litert")
    for _ in range(2):
        with pytest.raises(ModelMissing):
            held.current()
    folder.bad[1] = zipfile.BadZipFile("Bad magic number")
    folder.activate(1)
    for _ in range(2):
        with pytest.raises(RecognitionError, match="BadZipFile"):
            held.current()
    folder.bad.clear()
    assert held.current().card.version == 1


def test_a_model_folder_that_is_away_is_announced_once_and_its_model_serves_on(folder: Folder, events: Events) -> None:
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    held.current()
    for _ in range(2):
        (folder.path / ACTIVE_FILE).unlink()
        assert [held.current().card.version for _ in range(5)] == [1] * 5
        folder.activate(1)
        held.current()
    assert [why.startswith("no model is active") for why in events("model refused")] == [True, True]
    assert folder.loads == [1]


@pytest.mark.parametrize("nonsense", [np.nan, np.inf])
def test_a_model_that_gives_no_probabilities_is_refused(folder: Folder, events: Events, nonsense: float) -> None:
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    held.current()
    folder.answers[2] = nonsense
    folder.activate(2)
    with np.errstate(invalid="ignore"):
        assert held.current().card.version == 1
    assert events("model refused") == ["version 2 gives no probabilities"]


def test_a_copy_of_another_version_is_refused(folder: Folder, events: Events) -> None:
    folder.activate(1)
    held = HeldModel(folder.path, "litert")
    held.current()
    folder.numbers[2] = 1
    folder.activate(2)
    assert [held.current().card.version for _ in range(3)] == [1] * 3
    assert folder.loads == [1, 2]
    assert events("model refused") == ["the card of version 2 is version 1's"]
