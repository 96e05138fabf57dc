"""The lines of `digits run`: one for each reading, and one when the reading stops."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from cli.ticker import Ticker
from db.queries import Balance, Result
from db.tables import Status


def line(capsys: pytest.CaptureFixture[str], written: str, reason: str | None) -> str:
    result = Result(
        id=1, folder="digits", path="price.png", status=Status.REVIEW, reading="125", confidence=0.804, reason=reason,
        model_version=1, recognized_ms=1, written=written,
    )  # fmt: skip
    Ticker(Path("digits")).readings([result])
    return capsys.readouterr().out.splitlines()[-1]


def test_what_is_written_stands_before_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys, "12.5", "not sure: 2 or 7").endswith("  price.png  (written 12.5, not sure: 2 or 7)")
    assert line(capsys, "12.5", None).endswith("  price.png  (written 12.5)")


def test_a_number_without_signs_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert line(capsys, "125", "not sure: 2 or 7").endswith("  price.png  (not sure: 2 or 7)")
    assert line(capsys, "125", None).endswith("  price.png")


def test_a_stop_of_the_reading_is_told_once_and_so_is_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    ticker = Ticker(Path("digits"))
    capsys.readouterr()
    for why in (None, "readers died", "readers died", None, None):
        ticker.stopped(why)
    assert capsys.readouterr().out.splitlines() == ["readers died.", "Reading goes on."]


LONG_NUMBER = "31415926535897932384626433832795"
REASON = "not sure: 6 or 0 (digit 8 of 32), and 2 more marks lie beside it"


@pytest.fixture(params=[40, 80, 120])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Make standard output a terminal of this width, in columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


def on_screen(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return re.sub(r"\r?\x1b\[[0-9;]*[a-zA-Z]", "", capsys.readouterr().out).splitlines()


def test_the_first_line_tells_which_folder_is_watched_and_how_to_see_results(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    Ticker(Path("digits"))
    lines = on_screen(capsys)
    assert str(Path("digits").absolute()) in " ".join(lines)
    assert "`digits results` lists the readings" in " ".join(line.strip() for line in lines)
    assert all(cell_len(line) <= width or line.strip().startswith("/") for line in lines)


def test_the_live_line_keeps_its_end_on_every_terminal(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    ticker = Ticker(Path("digits"))
    capsys.readouterr()
    some = {Status.QUEUED: 12_345, Status.ACCEPTED: 1_000_000, Status.REVIEW: 98_765, Status.FAILED: 4_321}
    by_status = {**dict.fromkeys(Status, 0), **some}
    balance = Balance(seen=sum(some.values()), by_status=by_status, waiting=some[Status.QUEUED])
    ticker.standing(lambda: balance, "4 workers, model 1002")
    (line,) = on_screen(capsys)
    assert line.endswith("4 workers, model 1002")
    assert cell_len(line) < width
    assert "…" not in line


@pytest.mark.parametrize("path", ["pi.png", "scans of november/sheet 12/the number of the month.png"])
def test_no_number_and_no_word_is_broken_in_two(width: int, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    ticker = Ticker(Path("digits"))
    capsys.readouterr()
    result = Result(
        id=1, folder="digits", path=path, status=Status.REVIEW, reading=LONG_NUMBER, confidence=0.71, reason=REASON,
        model_version=1, recognized_ms=1, written=LONG_NUMBER,
    )  # fmt: skip
    ticker.readings([result])
    lines = on_screen(capsys)
    assert max(map(cell_len, lines)) <= width
    words = " ".join(lines).split()
    assert words[1:4] == [LONG_NUMBER, "71.0%", "review"]
    assert " ".join(words[4:]) == f"{path} ({REASON})"


@pytest.mark.usefixtures("width")
def test_what_parts_say_of_themselves_can_not_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    ticker = Ticker(Path("digits"))
    capsys.readouterr()
    ticker.standing(lambda: Balance(seen=0, by_status=dict.fromkeys(Status, 0), waiting=0), "one\x1b[2J\rtwo")
    ticker.stopped("readers\x1b[2J died")
    out = capsys.readouterr().out
    assert "\x1b[2J" not in out
    assert "\rtwo" not in out
