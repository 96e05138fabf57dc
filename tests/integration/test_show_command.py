"""What `digits show` draws of a file, by a model that reads 7."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

import cli.show
from cli.errors import CommandFailed
from settings import Settings
from tests.sevens import Sevens

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
Draw = Callable[[Path, str], Path]


@pytest.fixture
def sevens(monkeypatch: Patch) -> None:
    monkeypatch.setattr(cli.show, "load_active", lambda _: Sevens())


@pytest.mark.usefixtures("sevens")
def test_show_draws_the_picture_the_crops_and_what_the_ledger_has(
    filled: Settings, draw: Draw, capsys: Capture
) -> None:
    draw(Path("digits/phone.png"), "01")
    cli.show.show(filled, Path("phone.png"))
    out = capsys.readouterr().out
    assert out.startswith("digits/phone.png\n160 x 80 pixels, dark on light, 2 digits found\n")
    assert re.search(r"^now +77 +91\.2% +accepted +model 4 \(cnn, 99\.55% of MNIST right\)$", out, re.MULTILINE)
    assert re.search(r"^ledger +0472 +97\.0% +accepted +model 3, \d{4}-", out, re.MULTILINE)
    assert out.count("7 ████") == 2
    assert out.count("0.50%") + out.count("0.49%") == 18
    assert max(map(cell_len, out.splitlines())) <= 80


@pytest.mark.usefixtures("sevens")
def test_show_tells_how_a_number_is_written(signed: Settings, draw: Draw, capsys: Capture) -> None:
    draw(Path("digits/price.png"), "125")
    cli.show.show(signed, Path("price.png"))
    lines = capsys.readouterr().out.splitlines()
    (place,) = [place for place, line in enumerate(lines) if line.startswith("ledger")]
    assert lines[place].split()[:3] == ["ledger", "125", "99.0%"]
    assert lines[place + 1].strip() == "written 12.5"


@pytest.mark.usefixtures("sevens")
def test_show_needs_no_ledger(tmp_path: Path, draw: Draw, capsys: Capture) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/none.db", folder=tmp_path / "digits")
    cli.show.show(settings, draw(tmp_path / "one.png", "1"))
    assert "there is no ledger yet" in capsys.readouterr().out
    assert not (tmp_path / "none.db").exists()


def test_show_says_why_a_file_cannot_be_read_and_what_the_ledger_knows(filled: Settings, capsys: Capture) -> None:
    Path("digits/notes.png").write_text("hello")
    with pytest.raises(CommandFailed, match=r"^digits/notes\.png can't be read: not an image$"):
        cli.show.show(filled, Path("notes.png"))
    assert re.search(r"^ledger +failed", capsys.readouterr().out, re.MULTILINE)
    with pytest.raises(CommandFailed, match="there is no such file"):
        cli.show.show(filled, Path("nowhere.png"))


@pytest.mark.usefixtures("sevens")
def test_show_ends_in_a_terminal_of_one_column(
    filled: Settings, draw: Draw, capsys: Capture, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    cli.show.show(filled, draw(Path("one.png"), "1"))
    assert "digit1of1" in "".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("sevens")
@pytest.mark.parametrize("width", [40, 80])
def test_show_fits_the_terminal(filled: Settings, width: int, draw: Draw, capsys: Capture, monkeypatch: Patch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    draw(Path("digits/phone.png"), "01")
    cli.show.show(filled, Path("phone.png"))
    text = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(cell_len, text.splitlines())) <= width
    assert text.count("0.50%") + text.count("0.49%") == 18
