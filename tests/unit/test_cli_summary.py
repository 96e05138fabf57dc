"""The table of `digits run --once` on screens of several widths."""

import re
from pathlib import Path

import pytest

from cli.summary import Summary
from db.queries import Balance, Result
from db.tables import Status

REASON = "the digits touch, or one is broken: read as 88"
NAME = "three-small-in-a-corner.png"


def shown(capsys: pytest.CaptureFixture[str], path: str, written: str = "88") -> list[str]:
    result = Result(
        id=1, folder="digits", path=path, status=Status.REVIEW, reading="88", confidence=0.804, reason=REASON,
        model_version=1, recognized_ms=1, written=written,
    )  # fmt: skip
    balance = Balance(seen=1, by_status={**dict.fromkeys(Status, 0), Status.REVIEW: 1}, waiting=0)
    Summary(Path("digits")).show([result], total=1, new=True, balance=balance, unfinished=[])
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_short_name_stays_whole_and_the_reason_takes_the_rest(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = shown(capsys, NAME)
    assert max(map(len, lines)) <= width
    assert NAME in lines[1]
    assert " ".join(line[lines[0].index("reason") :].strip() for line in lines[1:-1]) == REASON


def test_a_long_name_leaves_room_for_the_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(capsys, "a" * 200 + ".png")
    assert max(map(len, lines)) <= 80
    name, reason = lines[0].index("file"), lines[0].index("reason")
    assert "".join(line[name:reason].strip() for line in lines[1:-1]) == "a" * 200 + ".png"
    assert " ".join(line[reason:].strip() for line in lines[1:-1]).strip() == REASON


def test_a_number_with_signs_has_a_column_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, NAME)[0].split() == ["reading", "confidence", "status", "file", "reason"]
    heading, line, *_ = shown(capsys, NAME, written="8.8")
    assert heading.split() == ["reading", "written", "confidence", "status", "file", "reason"]
    assert line.split()[:4] == ["88", "8.8", "80.4%", "review"]


def test_a_screen_too_narrow_for_the_table_breaks_no_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", "\n".join(shown(capsys, NAME)))
    assert " ".join(text.split()).endswith(f"88 80.4% review {NAME} ({REASON}) 1 file = 1 review")
    assert max(map(len, text.splitlines())) <= 40


def test_an_outage_is_told_once_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary(Path("digits"))
    for why in ("the disk\x1b is full", "the disk\x1b is full", None, "no server"):
        summary.trouble(why)
    assert capsys.readouterr().err == "the disk\\x1b is full; waiting for it.\nno server; waiting for it.\n"
