"""`digits evaluate` with the published model on sample images, and with a model of its own where that is enough."""

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

import cli.evaluate
from cli.errors import CommandFailed
from cli.evaluate import evaluate
from settings import Settings
from tests.sevens import Sevens

ROOT = Path(__file__).parents[2]
#: Two samples are labelled wrongly on purpose: whatever the model, it should disagree.
LABELS = """\
file,label,source,kind
seven-blue-pen.png,7,pens,drawn;blue
six-red-crayon.png,6,pens,drawn;red
number-0472.png,0472,pens,number
nine-chalk.png,3,others,drawn;white
number-1985-photo.jpg,1986,others,number
no-digit-blank-paper.jpg,none,others,blank
damaged.png,4,others,drawn
linked.png,7,others,drawn
nowhere.png,5,others,drawn
"""

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class _Measured:
    """What one run of the command left."""

    out: str
    error: str
    page: str
    fields: dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give labelled pictures, some of which can't be read."""
    folder = tmp_path_factory.mktemp("labelled")
    for line in LABELS.splitlines()[1:7]:
        shutil.copy(ROOT / "digits" / line.partition(",")[0], folder)
    (folder / "damaged.png").write_bytes((folder / "seven-blue-pen.png").read_bytes()[:200])
    (folder / "linked.png").symlink_to("seven-blue-pen.png")
    (folder / "labels.csv").write_text(LABELS)
    return folder


@pytest.fixture(scope="module")
def measured(folder: Path) -> _Measured:
    """Run the real command once; starting TensorFlow takes seconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIGITS_")}
    environment |= {"PYTHONPATH": str(ROOT), "DIGITS_MODEL_DIR": str(ROOT / "recognizer" / "shipped")}
    command = [sys.executable, "-m", "cli.main", "evaluate", ".", "--labels", "labels.csv"]
    ended = subprocess.run(
        [*command, "--html", "out.html", "--json", "out.json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    fields = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    return _Measured(ended.stdout, ended.stderr, (folder / "out.html").read_text(encoding="utf-8"), fields)


def test_the_real_model_is_measured_on_labelled_pictures(measured: _Measured) -> None:
    overall = measured.fields["overall"]
    assert (overall["all"]["files"], overall["all"]["right"]) == (9, 4)
    assert (overall["several_digits"]["files"], overall["several_digits"]["right"]) == (2, 1)
    assert overall["no_digit"]["right_share"] == 1.0
    assert {name: one["files"] for name, one in measured.fields["kinds"].items()} == {
        "blank": 1, "drawn": 6, "number": 2,
    }  # fmt: skip
    assert measured.fields["confusion"]["read"][3][9] == 1
    assert measured.fields["auroc"] == 1.0


def test_everything_wrong_is_listed_with_its_reason(measured: _Measured) -> None:
    wrong = {one["file"]: one for one in measured.fields["wrong"]}
    assert set(wrong) == {"nine-chalk.png", "number-1985-photo.jpg", "damaged.png", "linked.png", "nowhere.png"}
    assert wrong["number-1985-photo.jpg"]["reading"] == "1985"
    assert wrong["nowhere.png"]["reason"] == "there is no such file"
    assert "symbolic link" in wrong["linked.png"]["reason"]
    for name in wrong:
        assert name in measured.page


def test_tables_go_to_a_file_as_plain_text(measured: _Measured) -> None:
    lines = measured.out.splitlines()
    assert ["all", "9", "44.44%", "44.44%", "55.55%", "2", "40.00%"] in [line.split() for line in lines]
    assert "source with errors" in measured.out
    assert not [line for line in lines if line.startswith("pens")]
    assert "3 files could not be read; that counts as wrong:" in lines
    assert "  nowhere.png: there is no such file" in lines
    assert lines[-2:] == ["written: out.html", "written: out.json"]
    assert "\x1b" not in measured.out
    assert not measured.error


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: Patch) -> Settings:
    monkeypatch.setattr(cli.evaluate, "load_active", lambda _: Sevens())
    monkeypatch.chdir(tmp_path)
    return Settings(model_dir=tmp_path)


def test_standard_output_has_the_json_alone(settings: Settings, folder: Path, capsys: Capture) -> None:
    evaluate(settings, folder, folder / "labels.csv", html=None, json=Path("-"))
    out, error = capsys.readouterr()
    assert json.loads(out)["model"]["version"] == 4
    assert "Model 4 (cnn)" in error
    assert not Path("-").exists()


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_a_terminal(settings: Settings, folder: Path, width: int, monkeypatch: Patch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None, highlight=False)
    monkeypatch.setattr(cli.evaluate, "stdout", lambda: console)
    labels = Path("labels.csv")
    labels.write_text(
        LABELS.replace("drawn;red", "a very long name of a kind " * 3)
        .replace("others", "o" * 100)
        .replace("0472,", "04.72,")
    )
    evaluate(settings, folder, labels, html=None, json=None)
    lines = screen.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any("…" in line and "100.00%" in line for line in lines)
    assert any(line.startswith("with signs") for line in lines)
    assert any(line.rstrip().endswith("accepted, wrong") for line in lines)


def test_signs_and_the_curves_of_numbers_have_tables_of_their_own(
    settings: Settings, folder: Path, capsys: Capture
) -> None:
    Path("labels.csv").write_text(
        "file,label,kind\nseven-blue-pen.png,-7,temperature\nsix-red-crayon.png,7,digit\n"
        "number-0472.png,7777,number\nnumber-1985-photo.jpg,77/77,date\n"
    )
    evaluate(settings, folder, Path("labels.csv"), html=None, json=None)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    signs = lines[lines.index(["with", "signs", "files", "digits", "signs"]) :]
    assert signs[1:4] == [
        ["single", "digits", "1", "100.00%", "0.00%"],
        ["several", "digits", "1", "100.00%", "0.00%"],
        ["all", "2", "100.00%", "0.00%"],
    ]
    kinds = lines[lines.index(["kind,", "with", "signs", "files", "digits", "signs"]) :]
    assert [kind[0] for kind in kinds[1:3]] == ["date", "temperature"]
    curves = lines[lines.index(["accepted", "from", "single", "digits", "error", "several", "digits", "error"]) :]
    assert curves[1] == ["0.00%", "100.00%", "50.00%", "100.00%", "50.00%"]
    assert ["90.00%", "100.00%", "50.00%", "0.00%", "0.00%"] in curves


def test_labels_without_signs_have_no_table_of_signs(settings: Settings, folder: Path, capsys: Capture) -> None:
    evaluate(settings, folder, folder / "labels.csv", html=None, json=None)
    assert "signs" not in capsys.readouterr().out


def test_more_unread_files_than_are_named_are_counted(settings: Settings, tmp_path: Path, capsys: Capture) -> None:
    Path("labels.csv").write_text("file,label\n" + "".join(f"{number}.png,7\n" for number in range(12)))
    evaluate(settings, tmp_path, Path("labels.csv"), html=None, json=None)
    assert "  ... and 2 more, which --json and --html name" in capsys.readouterr().out.splitlines()


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(
    settings: Settings, folder: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(cli.evaluate, "load_active", lambda _: pytest.fail("the model was loaded"))
    for out in (folder, folder / "nowhere" / "out.html"):
        with pytest.raises(CommandFailed, match=r"can't be written|can be replaced"):
            evaluate(settings, folder, folder / "labels.csv", html=out, json=None)
        with pytest.raises(CommandFailed, match=r"can't be written|can be replaced"):
            evaluate(settings, folder, folder / "labels.csv", html=None, json=out)


def test_labels_that_cannot_be_used_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\nseven.png,seven\n")
    command = [sys.executable, "-m", "cli.main", "evaluate", ".", "--labels", "labels.csv"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("digits: labels.csv, line 2: the label 'seven' is neither digits")
    assert len(ended.stderr.splitlines()) == 1
