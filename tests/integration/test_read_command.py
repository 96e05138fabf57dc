"""What `digits read` says of files, by a model that reads 7."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import cli.read
import recognizer.reader
from recognizer.errors import ModelMissing
from recognizer.preparation import Prepared
from recognizer.reader import Model
from recognizer.reading import Reading
from settings import Settings
from tests.sevens import Sevens

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
Draw = Callable[[Path, str], Path]


@pytest.fixture
def sevens(monkeypatch: Patch) -> None:
    monkeypatch.setattr(cli.read, "load_active", lambda _: Sevens())


@pytest.mark.usefixtures("sevens")
def test_read_gives_a_line_for_every_file_and_one_for_a_bad_one(
    settings: Settings, draw: Draw, capsys: Capture
) -> None:
    one, two = draw(Path("one.png"), "1"), draw(Path("two.png"), "22")
    Path("bad\n.png").write_text("hello")
    assert cli.read.read(settings, [one, Path("bad\n.png"), two, Path("nowhere.png")]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "one.png\t7\t0.9550\taccepted\t\t7",
        "bad\\n.png\t\t\tfailed\tnot an image\t",
        "two.png\t77\t0.9120\taccepted\t\t7 7",
        "nowhere.png\t\t\tfailed\tthere is no such file\t",
    ]
    assert cli.read.read(settings, [one]) == 0


@pytest.mark.usefixtures("sevens")
def test_read_tells_how_a_number_is_written(
    settings: Settings, draw: Draw, capsys: Capture, monkeypatch: Patch
) -> None:
    real = recognizer.reader.read

    def with_a_point(prepared: Sequence[Prepared], model: Model) -> list[Reading]:
        return [dataclasses.replace(one, written=".".join(one.text)) for one in real(prepared, model)]

    monkeypatch.setattr(recognizer.reader, "read", with_a_point)
    files = [draw(Path("one.png"), "1"), draw(Path("two.png"), "22")]
    cli.read.read(settings, files)
    assert [line.split("\t")[-1] for line in capsys.readouterr().out.splitlines()] == ["7", "7.7"]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    cli.read.read(settings, files)
    one, two = (line.split(maxsplit=4) for line in capsys.readouterr().out.splitlines())
    assert (one[3:], two[3:]) == (["accepted"], ["accepted", "written 7.7"])


def test_read_without_a_model_says_how_to_get_one(settings: Settings) -> None:
    with pytest.raises(ModelMissing, match="`digits train` makes one"):
        cli.read.read(settings, [Path("one.png")])
