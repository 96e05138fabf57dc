"""Rows of other projects in a ledger with an absolute path: their folder is relative to an unknown directory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import cli.show
from cli.errors import CommandFailed
from cli.forget import forget
from cli.report import write_report
from cli.retry import retry
from db import claims, corrections, intake, queries
from db.claims import Answer
from db.corrections import Correction
from db.engine import Database
from db.paths import folder_text
from db.queries import Filter
from db.tables import Said, Status
from settings import Settings
from tests.page import Page
from tests.sevens import Sevens

Capture = pytest.CaptureFixture[str]
Draw = Callable[[Path, str], Path]
UNNAMED = "the ledger does not name the directory in which the folder"


@pytest.fixture
def ours(settings: Settings, sqlite_database: Database) -> Settings:
    """Give our settings, with a ledger named absolutely that holds two rows of another project, as version 0.2 did.

    One of them has its answer, the other one has failed.
    """
    rows = intake.register(sqlite_database, "digits", [intake.SeenFile(name, 1, 1) for name in ("7.png", "bad.png")])
    claims.claim(sqlite_database, rows, "message")
    seven = Answer(rows[0], Status.ACCEPTED, reading="7", hash="a")
    claims.answer(sqlite_database, "message", [seven, Answer(rows[1], Status.FAILED, reason="not an image")])
    Path("digits/another.png").touch()
    return replace(settings, database_url=sqlite_database.url.render_as_string(hide_password=False))


def everything(database: Database) -> list[queries.Result]:
    return queries.results(database, Filter())


def test_forget_keeps_a_row_whose_file_is_not_in_todays_directory(ours: Settings, sqlite_database: Database) -> None:
    before = everything(sqlite_database)
    with pytest.raises(CommandFailed, match=UNNAMED):
        forget(ours, [Path("7.png")])
    assert everything(sqlite_database) == before


def test_retry_puts_back_no_row_that_nobody_would_answer(
    ours: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    before = everything(sqlite_database)
    retry(ours, [Path("7.png"), Path("bad.png")])
    assert everything(sqlite_database) == before
    assert capsys.readouterr().out == f"2 files not put back: {UNNAMED} lies.\n"
    retry(ours, None)
    assert everything(sqlite_database) == before
    assert capsys.readouterr().out == f"1 file not put back: {UNNAMED} lies.\n"


def test_retry_puts_back_our_own_failed_rows_beside_them(
    ours: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    (own,) = intake.register(
        sqlite_database, folder_text("digits", sqlite_database.url), [intake.SeenFile("own.png", 1, 1)]
    )
    claims.claim(sqlite_database, [own], "message")
    claims.answer(sqlite_database, "message", [Answer(own, Status.FAILED, reason="not an image")])
    retry(ours, None)
    assert [row.id for row in everything(sqlite_database) if row.status == Status.QUEUED] == [own]
    assert "1 file put back" in capsys.readouterr().out


def test_show_says_what_the_ledger_has_and_why_there_is_no_picture(ours: Settings, capsys: Capture) -> None:
    with pytest.raises(CommandFailed, match=rf"^7\.png can't be read: {UNNAMED}"):
        cli.show.show(ours, Path("7.png"))
    assert capsys.readouterr().out.split()[:2] == ["ledger", "7"]


def test_show_takes_a_file_of_that_name_for_another_one(
    ours: Settings, sqlite_database: Database, draw: Draw, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.show, "load_active", lambda _: Sevens())
    (row,) = queries.find(sqlite_database, "7.png")
    assert corrections.correct(sqlite_database, row.id, "a", Correction("anna", Said.READING, "4", "4"))
    draw(Path("digits/7.png"), "1")
    cli.show.show(ours, Path("7.png"))
    out = capsys.readouterr().out
    assert out.startswith("digits/7.png\n")
    assert "ledger  it has no row for this file" in out
    assert "machine" not in out


def test_the_report_shows_no_file_of_that_name_and_calls_none_gone(ours: Settings, draw: Draw) -> None:
    draw(Path("digits/7.png"), "1")
    write_report(ours, Path("out.html"))
    page = Page(Path("out.html").read_text(encoding="utf-8"))
    assert page.all("img") == []
    assert page.words.count("out of reach") == 2
    assert "gone" not in page.words
