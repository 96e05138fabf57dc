"""What `digits read` says of files, by a model that reads 7."""

import dataclasses
import json
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


@pytest.mark.usefixtures("sevens")
def test_read_takes_a_folder_with_all_below_it(settings: Settings, draw: Draw, capsys: Capture) -> None:
    Path("scans/deep").mkdir(parents=True)
    for name in ("scans/b.png", "scans/a.png", "scans/deep/c.png", "scans/.hidden.png", "scans/d.png.part"):
        draw(Path("one.png"), "1").replace(name)
    assert cli.read.read(settings, [Path("scans")]) == 0
    names = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["scans/a.png", "scans/b.png", "scans/deep/c.png"]


@pytest.mark.usefixtures("sevens")
def test_read_of_an_empty_folder_says_nothing(settings: Settings, capsys: Capture) -> None:
    Path("empty").mkdir()
    assert cli.read.read(settings, [Path("empty")]) == 0
    assert cli.read.read(settings, [Path("empty")], as_json=True) == 0
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.usefixtures("sevens")
def test_what_is_passed_over_in_a_folder_is_told_on_standard_error(
    settings: Settings, draw: Draw, capsys: Capture
) -> None:
    draw(Path("digits/one.png"), "1")
    draw(Path("digits/old.png"), "1")
    Path("digits/y\x1b[31m.csv").write_bytes(b"x")
    assert cli.read.read(dataclasses.replace(settings, ignore=("old.*",)), [Path("digits")], as_json=True) == 0
    shown = capsys.readouterr()
    assert [one["path"] for one in json.loads(shown.out)] == ["digits/one.png"]
    assert "no picture" in shown.err
    assert "\x1b" not in shown.err


@pytest.mark.usefixtures("sevens")
def test_programs_get_a_list_of_all_that_was_read(settings: Settings, draw: Draw, capsys: Capture) -> None:
    files = [draw(Path("two.png"), "22"), Path("nowhere.png")]
    assert cli.read.read(settings, files, as_json=True) == 1
    two, nowhere = json.loads(capsys.readouterr().out)
    assert (two["path"], two["reading"], two["written"], two["status"]) == ("two.png", "77", "7 7", "accepted")
    assert [digit["label"] for digit in two["digits"]] == [7, 7]
    assert set(two["digits"][0]["box"]) == {"left", "top", "width", "height"}
    assert nowhere == {
        "path": "nowhere.png", "reading": None, "written": None, "confidence": None, "status": "failed",
        "reason": "there is no such file", "digits": [],
    }  # fmt: skip


def test_read_without_a_model_says_how_to_get_one(settings: Settings) -> None:
    with pytest.raises(ModelMissing, match="`digits train` makes one"):
        cli.read.read(settings, [Path("one.png")])
