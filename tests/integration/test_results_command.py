"""What `digits results` shows of a real ledger."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import text

import cli.results
import cli.table
from cli.errors import CommandFailed
from cli.results import follow_results, show_results
from db import claims, corrections, intake, queries
from db.corrections import Correction
from db.engine import Database
from db.queries import Filter, Sort
from db.tables import Said, Status
from settings import Settings
from tests.filled import LONG, NASTY, ROWS, answer

ROOT = Path(__file__).parents[2]
Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_csv_gives_the_view_row_by_row(filled: Settings, sqlite_database: Database, capsys: Capture) -> None:
    show_results(filled, Filter(), "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    with sqlite_database.reading() as connection:
        view = connection.execute(text("select * from results")).mappings().all()
    expected = [{name: "" if value is None else str(value) for name, value in row.items()} for row in view]
    for row in expected:
        row["path"] = row["path"].replace("=cmd", "./=cmd")  # else a spreadsheet would run it
    assert sorted(rows, key=lambda row: row["path"]) == sorted(expected, key=lambda row: row["path"])
    assert list(rows[0]) == [
        "path", "reading", "confidence", "status", "reason", "model_version", "recognized_at", "written", "folder",
        "id", "source",
    ]  # fmt: skip


@pytest.mark.parametrize("format_name", ["csv", "json"])
def test_programs_get_the_number_with_its_signs_beside_its_digits(
    signed: Settings, format_name: str, capsys: Capture
) -> None:
    show_results(signed, Filter(), format_name)
    out = capsys.readouterr().out
    rows = json.loads(out) if format_name == "json" else list(csv.DictReader(io.StringIO(out)))
    found = {row["path"]: (row["reading"], row["written"]) for row in rows}
    assert found["price.png"] == ("125", "12.5")
    assert found["phone.png"] == ("0472", "0472")
    assert found["waiting.png"] == ((None, None) if format_name == "json" else ("", ""))


def test_json_gives_every_digit_with_its_box_and_probabilities(filled: Settings, capsys: Capture) -> None:
    show_results(filled, Filter(digit=0), "json")
    by_path = {row["path"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(by_path) == {"phone.png"}
    digits = by_path["phone.png"]["digits"]
    assert [digit["label"] for digit in digits] == [0, 4, 7, 2]
    assert digits[1]["box"] == {"left": 10, "top": 5, "width": 8, "height": 12}
    assert len(digits[0]["probabilities"]) == 10


def test_csv_on_a_terminal_cannot_move_the_cursor(filled: Settings, capsys: Capture, monkeypatch: Patch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_results(filled, Filter(), "csv")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "=cmd+calc.png,3,0.999,accepted" in out


@pytest.mark.parametrize("format_name", ["csv", "json"])
def test_an_empty_ledger_is_an_empty_list_for_programs(settings: Settings, format_name: str, capsys: Capture) -> None:
    show_results(settings, Filter(), format_name)
    out, error = capsys.readouterr()
    assert not error
    assert out.strip() == {"csv": ",".join(cli.results.COLUMNS), "json": "[]"}[format_name]


def test_an_empty_table_is_one_sentence_on_standard_error(settings: Settings, capsys: Capture) -> None:
    show_results(settings, Filter(), "table")
    out, error = capsys.readouterr()
    assert not out
    assert len(error.splitlines()) == 1


def test_a_table_in_a_file_loses_nothing(filled: Settings, capsys: Capture) -> None:
    show_results(filled, Filter(), "table")
    out = capsys.readouterr().out
    assert len(out.splitlines()) == len(ROWS) + 1
    for path, reading, _, status, reason in ROWS:
        if path != NASTY:
            (line,) = [line for line in out.splitlines() if line.startswith(path)]
            assert {reading or "", status, *(reason or "").split()} <= {"", *line.split()}
    assert "\x1b" not in out
    assert "\u202e" not in out


def _on_a_terminal(settings: Settings, width: int, monkeypatch: Patch) -> list[str]:
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None, highlight=False)
    monkeypatch.setattr(cli.table, "stdout", lambda: console)
    show_results(settings, Filter(), "table")
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_on_a_terminal_fits_and_shows_whole_readings(filled: Settings, width: int, monkeypatch: Patch) -> None:
    lines = _on_a_terminal(filled, width, monkeypatch)
    assert max(map(cell_len, lines)) <= width
    assert any(" 31415926535897932384626433832795 " in line and "71.0%" in line for line in lines)
    assert any("0472 " in line and "97.0%" in line for line in lines)
    assert any(line.startswith("2026") and "…" in line and "lar.png" in line for line in lines)
    assert " ".join("\n".join(lines).split()).count("not sure:") == 2


def test_a_terminal_too_narrow_for_a_table_gets_lines_that_break_no_word(filled: Settings, monkeypatch: Patch) -> None:
    lines = _on_a_terminal(filled, 40, monkeypatch)
    assert all(cell_len(line) <= 40 or LONG in line for line in lines)
    for path, reading, confidence, status, reason in ROWS:
        words = {word.strip("()") for word in (reading or "-", status, *(reason or "").split())}
        assert words <= {word.strip("()") for line in lines for word in line.split()}
        assert path == NASTY or any(path in line for line in lines)
        assert not confidence or any(f"{int(confidence * 1000) / 10}%" in line for line in lines)


def test_a_table_has_a_column_for_signs_only_if_a_number_has_some(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    show_results(filled, Filter(), "table")
    assert "written" not in capsys.readouterr().out
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET written = '9.8125' WHERE reading = '98125'"))
    show_results(filled, Filter(), "table")
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[:4] == ["path", "reading", "written", "confidence"]
    assert [line.split()[1:4] for line in lines if line.startswith("2026")] == [["98125", "9.8125", "88.0%"]]
    assert [line.split()[1:4] for line in lines if line.startswith("phone")] == [["0472", "0472", "97.0%"]]


@pytest.mark.parametrize("width", [100, 120])
def test_a_table_with_signs_fits_a_terminal(signed: Settings, width: int, monkeypatch: Patch) -> None:
    lines = _on_a_terminal(signed, width, monkeypatch)
    assert max(map(cell_len, lines)) <= width
    (line,) = [line for line in lines if line.startswith("price")]
    assert line.split()[1:5] == ["125", "12.5", "99.0%", "accepted"]


@pytest.mark.parametrize("arguments", [["results"], ["results", "--format", "csv"], ["--help"]])
def test_asking_for_results_imports_nothing_heavy(filled: Settings, arguments: list[str]) -> None:
    program = (
        "import sys, cli.main\n"
        "try: cli.main.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'tensorflow', 'keras', 'cv2', 'celery', 'alembic', 'numpy', 'redis'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = {**os.environ, "DIGITS_DATABASE_URL": filled.database_url, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout


def _ids(settings: Settings, wanted: Filter, capsys: Capture) -> list[int]:
    show_results(settings, wanted, "json")
    return [row["id"] for row in json.loads(capsys.readouterr().out)]


def test_a_program_reads_the_ledger_page_by_page(filled: Settings, capsys: Capture) -> None:
    pages, last = [], 0
    while page := _ids(filled, Filter(after=last, limit=3, sort=Sort.ID), capsys):
        pages.append(page)
        last = page[-1]
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    found = [row_id for page in pages for row_id in page]
    assert found == sorted(found)
    assert len(set(found)) == len(ROWS)


def test_a_folder_is_named_in_a_table_only_if_there_are_several(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    show_results(filled, Filter(), "table")
    assert "folder" not in capsys.readouterr().out
    intake.register(sqlite_database, "scans", [intake.SeenFile("other.png", 1, 1)])
    show_results(filled, Filter(), "table")
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["folder", "path"]
    assert {line.split()[0] for line in lines} == {"digits", "scans"}


@pytest.mark.parametrize("format_name", ["table", "csv", "json"])
def test_following_shows_what_is_there_and_each_new_reading_once(
    filled: Settings, sqlite_database: Database, format_name: str, capsys: Capture, monkeypatch: Patch
) -> None:
    new = intake.register(sqlite_database, "digits", [intake.SeenFile(f"new{one}.png", 1, 1) for one in range(3)])
    moments = iter(
        [
            [answer(new[0], "7", 0.99, Status.ACCEPTED, None), answer(new[1], "4", 0.5, Status.REVIEW, "not sure")],
            [answer(new[2], "8", 0.97, Status.ACCEPTED, None)],
            [],
        ]
    )

    def wait(_: float) -> None:
        """Let the next answers come, and at the end Ctrl-C."""
        if (answers := next(moments, None)) is None:
            raise KeyboardInterrupt
        claims.claim(sqlite_database, [one.id for one in answers], "later")
        claims.answer(sqlite_database, "later", answers)

    monkeypatch.setattr("cli.results.time.sleep", wait)
    follow_results(filled, Filter(statuses=(Status.ACCEPTED,), limit=1), format_name)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert sum("new0.png" in line for line in lines) == sum("new2.png" in line for line in lines) == 1
    assert not any("new1.png" in line for line in lines)
    assert sum("accepted" in line for line in lines) == 3
    if format_name == "json":
        assert [json.loads(line)["reading"] for line in lines[1:]] == ["7", "8"]


def test_following_shows_a_reading_again_that_a_person_corrects(
    filled: Settings, sqlite_database: Database, capsys: Capture, monkeypatch: Patch
) -> None:
    (row,) = queries.find(sqlite_database, "four or nine.png")
    content = corrections.shown_content(sqlite_database, row.id)
    texts = iter(["4", "9"])

    def wait(_: float) -> None:
        """Let a person say something, and at the end Ctrl-C."""
        if content is None or (text := next(texts, None)) is None:
            raise KeyboardInterrupt
        corrections.correct(sqlite_database, row.id, content, Correction("anna", Said.READING, text, text))

    monkeypatch.setattr("cli.results.time.sleep", wait)
    follow_results(filled, Filter(), "json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["reading"] for one in lines if one["path"] == "four or nine.png" and one["source"] == "person"] == [
        "4",
        "9",
    ]


@pytest.mark.parametrize("wanted", [Filter(sort=Sort.PATH), Filter(after=3)])
def test_following_goes_in_the_order_of_time_only(settings: Settings, wanted: Filter) -> None:
    with pytest.raises(CommandFailed, match="leave out --sort and --after"):
        follow_results(settings, wanted, "csv")
