"""What `digits correct` writes, and what the other commands show then."""

import csv
import dataclasses
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

import cli.show
from cli.correct import correct
from cli.errors import CommandFailed
from cli.main import app
from cli.report import write_report
from cli.results import show_results
from cli.retry import retry
from cli.status import show_status
from db import intake, queries
from db.engine import Database
from db.queries import Filter
from db.tables import Source, Status
from recognizer.errors import NoReading
from settings import Settings
from tests.closed import closed
from tests.filled import NASTY
from tests.sevens import Sevens

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
Correct = Callable[..., None]


@pytest.fixture
def say(filled: Settings) -> Correct:
    """Run `digits correct` on a ledger with one row of every kind; its files are not here."""

    def run(path: str, typed: str | None = None, *flags: str, by: str | None = "anna") -> None:
        given = {name: name in flags for name in ("no_digit", "unreadable", "undo")}
        correct(filled, Path(path), typed, **given, by=by)

    return run


def found(database: Database, path: str) -> tuple[str | None, str, str | None]:
    (row,) = queries.find(database, path)
    return row.written, row.status.value, row.reason


def test_an_answer_is_told_and_shown_everywhere(filled: Settings, say: Correct, capsys: Capture) -> None:
    say("four or nine.png", "4")
    assert capsys.readouterr().out == "four or nine.png: 4, says anna.\n"
    show_results(filled, Filter(source=Source.PERSON), "json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["reading"], row["confidence"], row["status"], row["source"]) == ("4", 1.0, "accepted", "person")
    show_results(filled, Filter(), "csv")
    rows = {row["path"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["four or nine.png"]["source"] == "person"
    assert {row["source"] for path, row in rows.items() if path != "four or nine.png"} == {"machine"}
    assert list(rows["seven.png"])[-1] == "source"
    show_results(filled, Filter(source=Source.PERSON), "table")
    assert capsys.readouterr().out.splitlines()[1].split()[3:8] == ["4", "100.0%", "accepted", "says", "anna"]
    write_report(filled, Path("report.html"))
    assert "says anna" in Path("report.html").read_text(encoding="utf-8")


def test_the_balance_closes_with_what_is_shown(filled: Settings, say: Correct, capsys: Capture) -> None:
    say("four or nine.png", "4")
    say("blank.png", None, "unreadable")
    capsys.readouterr()
    assert show_status(filled, as_json=True) == 0
    state = json.loads(capsys.readouterr().out)
    assert state["balance_closes"]
    assert state["by_status"] == {"queued": 1, "accepted": 6, "review": 1, "rejected": 1, "failed": 1}


def test_status_tells_of_a_corrected_file_that_nobody_reads_again(
    filled: Settings, sqlite_database: Database, say: Correct, capsys: Capture
) -> None:
    say("four or nine.png", "4")
    (row,) = queries.find(sqlite_database, "four or nine.png")
    intake.requeue(sqlite_database, [row.id])
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE shown_status = 'queued'"))
        connection.execute(text("UPDATE images SET first_seen_ms = first_seen_ms - 3600000"))
    capsys.readouterr()
    assert show_status(filled) == 1
    out = capsys.readouterr().out
    assert "queued    0  and 1 corrected to be read again, the oldest for" in out
    assert "1 file waits" in out


def test_show_has_the_machines_answer_beside_the_persons(
    filled: Settings, say: Correct, draw: Callable[[Path, str], Path], capsys: Capture, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(cli.show, "load_active", lambda _: Sevens())
    say("phone.png", "0.4")
    draw(Path("digits/phone.png"), "01")
    capsys.readouterr()
    cli.show.show(filled, Path("phone.png"))
    lines = capsys.readouterr().out.splitlines()
    (place,) = [place for place, line in enumerate(lines) if line.startswith("ledger")]
    assert lines[place].split() == ["ledger", "04", "100.0%", "accepted"]
    assert [line.strip() for line in lines[place + 1 : place + 3]] == ["written 0.4", "says anna"]
    assert lines[place + 3].split()[:4] == ["machine", "0472", "97.0%", "accepted"]


@pytest.mark.parametrize(
    ("typed", "flags", "expected"),
    [
        ("-12.5", (), ("-12.5", "accepted", "says anna")),
        ("  12 \t 07/08/2026 ", (), ("12 07/08/2026", "accepted", "says anna")),
        (None, ("no_digit",), (None, "rejected", "no digit, says anna")),
        (None, ("unreadable",), (None, "rejected", "can't be read, says anna")),
    ],
)
def test_a_person_says_a_number_or_that_there_is_none(
    sqlite_database: Database, say: Correct, typed: str | None, flags: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    say("seven.png", typed, *flags)
    assert found(sqlite_database, "seven.png") == expected


def test_an_answer_outlives_a_retry_and_can_be_taken_back(
    filled: Settings, sqlite_database: Database, say: Correct, capsys: Capture
) -> None:
    Path("digits/seven.png").touch()
    content = hashlib.sha256().hexdigest()
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET hash = :content WHERE path = 'seven.png'"), {"content": content})
    say("seven.png", "1")
    retry(filled, [Path("seven.png")])
    assert found(sqlite_database, "seven.png") == ("1", "accepted", "says anna")
    say("seven.png", None, "undo")
    assert found(sqlite_database, "seven.png") == (None, "queued", None)
    assert capsys.readouterr().out.endswith('seven.png: "1, says anna" is taken back. It is queued again.\n')
    with pytest.raises(CommandFailed, match=r"nobody has said anything about seven\.png"):
        say("seven.png", None, "undo")


def test_taking_back_names_whose_answer_that_was(say: Correct, capsys: Capture) -> None:
    say("seven.png", "-1.5", by="anna")
    say("seven.png", None, "no_digit", by="bob")
    capsys.readouterr()
    say("seven.png", None, "undo", by="carl")
    say("seven.png", None, "undo", by="carl")
    assert capsys.readouterr().out.splitlines() == [
        'seven.png: "no digit, says bob" is taken back. It is -1.5, accepted again.',
        'seven.png: "-1.5, says anna" is taken back. It is 7, accepted again.',
    ]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "'' has no digit: --no-digit says"),
        ("-", "'-' has no digit"),
        ("seven", "'seven' is no reading: a reading has the digits 0 to 9"),
        ("--undoo", "'--undoo' is no reading"),
        ("7\x1b[31m", "is no reading"),
        ("\N{FULLWIDTH DIGIT SEVEN}", "is no reading"),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", "is no reading"),
        ("7\udcff", "is no reading"),
        ("7" * 1001, "at most 1000 characters, and this one has 1001"),
    ],
)
def test_a_text_that_is_no_reading_is_told(sqlite_database: Database, say: Correct, typed: str, why: str) -> None:
    with pytest.raises(NoReading) as caught:
        say("seven.png", typed)
    assert why in str(caught.value)
    assert found(sqlite_database, "seven.png") == ("7", "accepted", None)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nowhere.png", r"the ledger has no file nowhere\.png"),
        ("waiting.png", r"waiting\.png waits to be read, so .* not know its content yet"),
        ("notes.png", r"notes\.png could not be read, so .* not know its content yet"),
    ],
)
def test_a_picture_whose_content_is_not_known_is_refused(
    sqlite_database: Database, say: Correct, path: str, why: str
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET hash = NULL WHERE status = 'failed'"))
    with pytest.raises(CommandFailed, match=why):
        say(path, "7")


def test_a_file_that_is_not_what_was_read_is_refused(sqlite_database: Database, say: Correct) -> None:
    Path("digits/seven.png").write_bytes(b"changed since")
    Path("digits/phone.png").symlink_to("/dev/zero")
    for name in ("seven.png", "phone.png"):
        with pytest.raises(CommandFailed, match="is not the picture that was read"):
            say(name, "4")
    assert found(sqlite_database, "seven.png") == ("7", "accepted", None)


@pytest.mark.parametrize("name", ["digits", "digits/seven.png"])
def test_a_file_that_this_user_may_not_read_is_not_called_another_picture(
    sqlite_database: Database, say: Correct, name: str
) -> None:
    Path("digits/seven.png").write_bytes(b"seven")
    with closed(Path(name)), pytest.raises(CommandFailed) as caught:
        say("seven.png", "4")
    assert str(caught.value) == "seven.png can't be read here (Permission denied)"
    assert found(sqlite_database, "seven.png") == ("7", "accepted", None)


def test_a_name_in_several_folders_is_refused(filled: Settings, sqlite_database: Database, say: Correct) -> None:
    for folder in ("one", "two"):
        intake.register(sqlite_database, folder, [intake.SeenFile("same.png", 1, 1)])
    with pytest.raises(CommandFailed, match=r"several folders have a file same\.png"):
        say("same.png", "7")
    elsewhere = dataclasses.replace(filled, folder=Path("two"))
    with pytest.raises(CommandFailed, match="waits to be read"):
        correct(elsewhere, Path("same.png"), "7", no_digit=False, unreadable=False, undo=False, by="anna")


@pytest.mark.parametrize(("typed", "flags"), [(None, ()), ("7", ("undo",)), (None, ("no_digit", "unreadable"))])
def test_one_answer_is_given_at_a_time(say: Correct, typed: str | None, flags: tuple[str, ...]) -> None:
    with pytest.raises(CommandFailed, match="give either what it reads, or one of"):
        say("seven.png", typed, *flags)


def test_who_says_it_is_the_login_name_unless_another_is_given(
    sqlite_database: Database, say: Correct, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("LOGNAME", "carl")
    say("seven.png", "1", by=None)
    assert found(sqlite_database, "seven.png")[2] == "says carl"
    say("seven.png", "1", by=" Dörte D. ")
    assert found(sqlite_database, "seven.png")[2] == "says Dörte D."


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "\u202e", "x\udcff", "x" * 101])
def test_a_name_that_can_not_be_shown_is_refused(say: Correct, name: str) -> None:
    with pytest.raises(CommandFailed, match="a name has 1 to 100 visible characters"):
        say("seven.png", "1", by=name)


def test_a_login_without_a_name_is_told(say: Correct, monkeypatch: Patch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("cli.correct.getpass.getuser", nobody)
    with pytest.raises(CommandFailed, match="give one with --by"):
        say("seven.png", "1", by=None)


def test_a_file_name_can_not_act_upon_the_terminal(say: Correct, capsys: Capture) -> None:
    say(NASTY, "4")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.endswith(": 4, says anna.\n")


def test_a_negative_number_is_no_option(filled: Settings, sqlite_database: Database) -> None:
    variables = {"DIGITS_DATABASE_URL": filled.database_url}
    ran = CliRunner().invoke(app, ["correct", "seven.png", "-7", "--by", "anna"], env=variables)
    assert (ran.exit_code, ran.output) == (0, "seven.png: -7, says anna.\n")
    ran = CliRunner().invoke(app, ["results", "--source", "person", "--format", "json"], env=variables)
    assert [row["written"] for row in json.loads(ran.output)] == ["-7"]
    assert queries.balance(sqlite_database).by_status[Status.ACCEPTED] == 5
