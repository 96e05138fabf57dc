"""The lines of `digits run`: one for each reading, and one when the reading stops."""

from pathlib import Path

import pytest

from cli.ticker import Ticker
from db.queries import Result
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
