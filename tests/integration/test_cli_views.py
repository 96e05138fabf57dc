"""What the commands show of a real ledger, real files and models on disk."""

import base64
import csv
import dataclasses
import hashlib
import io
import json
import os
import re
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import text

import cli.read
import cli.results
import cli.show
import cli.train
import recognizer.reader
import trainer.train
from broker.address import Address
from broker.client import Client
from broker.errors import BrokerUnavailable
from broker.presence import PRESENCE, OwnPresence
from cli.errors import CommandFailed
from cli.models import activate_model, show_models
from cli.report import write_report
from cli.results import show_results
from cli.retry import retry
from cli.status import show_status
from db import claims, intake, paths, queries
from db.engine import Database
from db.queries import Filter
from db.tables import Status
from recognizer.contract import LITERT_FILE, MODEL_FILE, Card
from recognizer.coverage import CoveragePoint
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.image import decode
from recognizer.preparation import Prepared
from recognizer.reader import Model
from recognizer.reading import Reading
from settings import Settings
from tests.page import Page
from tests.sevens import Sevens
from trainer.fit import Progress
from trainer.gate import Verdict

ROOT = Path(__file__).parents[2]
LONG = "2026/scans/" + "x" * 200 + "_cellar.png"
NASTY = "<img src=x onerror=alert(1)>\n\x1b[31m\u202e.png"
ROWS: list[tuple[str, str | None, float | None, Status, str | None]] = [
    ("seven.png", "7", 0.9991, Status.ACCEPTED, None),
    ("phone.png", "0472", 0.97, Status.ACCEPTED, None),
    ("=cmd+calc.png", "3", 0.999, Status.ACCEPTED, None),
    (LONG, "98125", 0.88, Status.ACCEPTED, None),
    ("four or nine.png", "9", 0.53, Status.REVIEW, "not sure: 9 or 4"),
    ("pi.png", "31415926535897932384626433832795", 0.71, Status.REVIEW, "not sure: 6 or 0 (digit 8 of 32)"),
    (NASTY, "4", 0.9, Status.ACCEPTED, None),
    ("blank.png", "", 0.0, Status.REJECTED, "no digit found"),
    ("notes.png", None, None, Status.FAILED, "not an image"),
    ("waiting.png", None, None, Status.QUEUED, None),
]

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
Draw = Callable[[Path, str], Path]


@pytest.fixture
def settings(sqlite_database: Database, tmp_path: Path, monkeypatch: Patch) -> Settings:
    monkeypatch.chdir(tmp_path)
    url = sqlite_database.url.render_as_string(hide_password=False)
    for name in ("digits", "model"):
        Path(name).mkdir()
    return Settings(database_url=url, folder=Path("digits"), model_dir=Path("model"), var_dir=tmp_path / "var")


@pytest.fixture
def filled(settings: Settings, sqlite_database: Database) -> Settings:
    """Give a ledger with one row of every kind."""
    seen = [intake.SeenFile(path, 100, number) for number, (path, *_) in enumerate(ROWS, 1)]
    ids = intake.register(sqlite_database, "digits", seen)
    claims.claim(sqlite_database, ids, "message")
    answers = [
        _answer(row_id, reading, confidence, status, reason)
        for row_id, (_, reading, confidence, status, reason) in zip(ids, ROWS, strict=True)
        if status != Status.QUEUED
    ]
    assert claims.answer(sqlite_database, "message", answers) == len(ROWS) - 1
    return settings


@pytest.fixture
def signed(filled: Settings, sqlite_database: Database) -> Settings:
    """Give the same ledger with one more row, whose number has a sign."""
    (row_id,) = intake.register(sqlite_database, "digits", [intake.SeenFile("price.png", 100, 99)])
    claims.claim(sqlite_database, [row_id], "message")
    claims.answer(sqlite_database, "message", [_answer(row_id, "125", 0.99, Status.ACCEPTED, None, written="12.5")])
    return filled


def _answer(  # noqa: PLR0913 - what an answer has
    row_id: int, reading: str | None, confidence: float | None, status: Status, reason: str | None,
    *, written: str | None = None,
) -> claims.Answer:  # fmt: skip
    digits = tuple(
        claims.DigitRow(
            int(label), 0.9, (10 * place, 5, 8, 12), tuple(0.9 if str(one) == label else 0.0111 for one in range(10))
        )
        for place, label in enumerate(reading or "")
    )
    return claims.Answer(row_id, status, reason, reading, confidence, 3, "0" * 64, True, digits, written or reading)  # noqa: FBT003 - no name


def _statuses(database: Database) -> dict[str, Status]:
    return {row.path: row.status for row in queries.results(database, Filter())}


def test_csv_gives_the_view_row_by_row_and_names_exactly(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    show_results(filled, Filter(), "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    with sqlite_database.reading() as connection:
        view = connection.execute(text("select * from results")).mappings().all()
    expected = [{name: "" if value is None else str(value) for name, value in row.items()} for row in view]
    assert sorted(rows, key=lambda row: row["path"]) == sorted(expected, key=lambda row: row["path"])
    assert list(rows[0]) == [
        "path", "reading", "confidence", "status", "reason", "model_version", "recognized_at", "written",
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
    monkeypatch.setattr(cli.results, "stdout", lambda: console)
    show_results(settings, Filter(), "table")
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_on_a_terminal_fits_and_shows_whole_readings(filled: Settings, width: int, monkeypatch: Patch) -> None:
    lines = _on_a_terminal(filled, width, monkeypatch)
    assert max(map(cell_len, lines)) <= width
    start = lines[0].index("reading")
    column = "".join(line[start : start + 16 if width == 120 else start + 8].strip() for line in lines[1:])
    assert "31415926535897932384626433832795" in column
    assert any("0472 " in line and "97.0%" in line for line in lines)
    assert any(line.startswith("2026") and "…" in line and "lar.png" in line for line in lines)


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


@pytest.mark.parametrize("width", [80, 120])
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


@pytest.fixture
def page(filled: Settings, draw: Draw, tmp_path: Path) -> Page:
    """Write the report of a folder that holds some of the ledger's files."""
    draw(Path("digits/phone.png"), "0472")
    draw(Path("digits/seven.png"), "7")
    os.rename(draw(Path("digits/nasty.png"), "4"), b"digits/" + paths.to_bytes(NASTY))
    Path("digits/notes.png").write_bytes(b"the file's own bytes <script>")
    write_report(filled, tmp_path / "out.html")
    return Page((tmp_path / "out.html").read_text(encoding="utf-8"))


def test_the_report_shows_every_file_and_its_reading(page: Page) -> None:
    assert len(page.all("li")) == len(ROWS)
    for path, reading, _, _, reason in ROWS:
        assert path == NASTY or path in page.words
        assert (reading or "") in page.words
        assert (reason or "") in page.words
    assert "10 files seen = 2 review + 1 failed + 1 rejected + 5 accepted + 1 queued" in page.words


def test_the_report_shows_signs_where_a_number_has_some(signed: Settings, tmp_path: Path) -> None:
    write_report(signed, tmp_path / "out.html")
    page = Page((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert "125written 12.599.0%" in page.words
    assert len([tag for tag in page.all("p") if tag.get("class") == "written"]) == 1


def test_the_report_carries_new_small_pictures_and_placeholders(page: Page) -> None:
    pictures = page.all("img")
    assert {picture["alt"] for picture in pictures} >= {"phone.png, read as 0472", "seven.png, read as 7"}
    for picture in pictures:
        kind, data = (picture["src"] or "").split(",")
        assert kind == "data:image/png;base64"
        assert max(decode(base64.b64decode(data)).shape) <= 128
    assert len(pictures) == 3
    assert sum(tag.get("role") == "img" for tag in page.all("div")) == len(ROWS) - 3


def test_the_report_can_run_and_load_nothing(page: Page, tmp_path: Path) -> None:
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form", "a"} == set()
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    (policy,) = [meta["content"] or "" for meta in page.all("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    written = (tmp_path / "out.html").read_text(encoding="utf-8")
    style = written.split("<style>")[1].split("</style>")[0]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "http://" not in written
    assert "https://" not in written


def test_a_file_name_in_the_report_is_only_text(page: Page, tmp_path: Path) -> None:
    written = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<img src=x" not in written
    assert "\u202e" not in written
    assert r"<img src=x onerror=alert(1)>\n\x1b[31m\u202e.png" in page.words


@pytest.mark.parametrize("name", ["<script>alert(1)<.png", "\" onerror='alert(1)'.png", "{{ 7 * 7 }}&lt;.png"])
def test_a_hostile_file_name_stays_text_in_every_place_of_the_report(
    settings: Settings, sqlite_database: Database, draw: Draw, name: str
) -> None:
    os.rename(draw(Path("digits/one.png"), "1"), Path("digits") / name)
    intake.register(sqlite_database, "digits", [intake.SeenFile(name, 1, 1), intake.SeenFile(f"gone {name}", 1, 2)])
    write_report(settings, Path("out.html"))
    page = Page(Path("out.html").read_text(encoding="utf-8"))
    (image,) = page.all("img")
    (missing,) = [tag for tag in page.all("div") if tag.get("role") == "img"]
    assert (set(image), image["alt"]) == ({"class", "alt", "src"}, name)
    assert (set(missing), missing["aria-label"]) == ({"class", "role", "aria-label"}, f"gone {name}: the file is gone")
    assert page.words.count(name) == 2
    assert not page.all("script")


def test_the_report_opens_names_that_are_no_text(settings: Settings, sqlite_database: Database, draw: Draw) -> None:
    name = b"latin1-\xff.png"
    os.rename(draw(Path("digits/one.png"), "1"), b"digits/" + name)
    intake.register(sqlite_database, "digits", [intake.SeenFile(paths.to_text(name), 1, 1)])
    write_report(settings, Path("out.html"))
    assert len(Page(Path("out.html").read_text(encoding="utf-8")).all("img")) == 1


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_report_is_replaced_only_when_it_is_whole(filled: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    out.write_text("the old one")
    with largest_file(4096), pytest.raises(CommandFailed, match="can't be written: File too large"):
        write_report(filled, out)
    assert out.read_text() == "the old one"
    write_report(filled, out)
    assert "seven.png" in out.read_text(encoding="utf-8")
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~_umask()
    assert not list(tmp_path.glob(".digits-*"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_report_that_cannot_be_written_is_one_sentence(filled: Settings, tmp_path: Path) -> None:
    for out, why in (
        (tmp_path, "not a file that can be replaced"),
        (tmp_path / "nowhere/out.html", "can't be written"),
    ):
        with pytest.raises(CommandFailed, match=why) as caught:
            write_report(filled, out)
        assert str(caught.value).isprintable()


def test_an_empty_ledger_has_a_report_too(settings: Settings, capsys: Capture) -> None:
    write_report(settings, Path("out.html"))
    assert "No files seen yet" in Path("out.html").read_text(encoding="utf-8")
    assert "0 images" in capsys.readouterr().out


def test_status_shows_the_balance_and_that_nothing_runs(filled: Settings, capsys: Capture) -> None:
    assert show_status(filled) == 0
    out = capsys.readouterr().out
    assert re.search(r"^accepted +5$", out, re.MULTILINE)
    assert re.search(r"^seen +10  the balance closes$", out, re.MULTILINE)
    assert "`digits run` starts it" in out
    assert "1 file waits and no worker is running" in out


def test_status_shows_who_runs(filled: Settings, address: Address, capsys: Capture) -> None:
    with closing(Client(address)) as client:
        OwnPresence(client, "worker", lambda: "model 3\x1b").announce()
        assert show_status(dataclasses.replace(filled, redis_url=address.url)) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^worker +model 3\\x1b \(.*, process {os.getpid()}\)$", out, re.MULTILINE)
    assert re.search(r"^watcher +none is running$", out, re.MULTILINE)
    assert "no worker is running" not in out


def test_status_is_one_if_the_balance_does_not_close(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE images SET status = 'lost' WHERE path = 'seven.png'"))
    assert show_status(filled) == 1
    assert "DOES NOT CLOSE" in capsys.readouterr().out


def _minutes_ago(database: Database, *, seen: float, answered: float) -> None:
    """Let all files have come, and all answers have been written, so long ago."""
    now = intake.now_ms()
    with database.writing() as connection:
        connection.execute(text("UPDATE images SET first_seen_ms = :then"), {"then": now - seen * 60_000})
        latest = text("UPDATE images SET recognized_ms = :then WHERE recognized_ms IS NOT NULL")
        connection.execute(latest, {"then": now - answered * 60_000})


@pytest.fixture
def announced(filled: Settings, address: Address) -> Iterator[Callable[..., Settings]]:
    """Announce some parts; gives the settings under which they are seen."""
    with closing(Client(address)) as client:

        def announce(**parts: str) -> Settings:
            for role, doing in parts.items():
                OwnPresence(client, role, lambda doing=doing: doing).announce()  # type: ignore[misc]  # mypy and defaults
            return dataclasses.replace(filled, redis_url=address.url)

        yield announce


Announced = Callable[..., Settings]


def test_status_is_one_if_nothing_is_answered_for_long(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    _publish(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=60, answered=5)
    assert show_status(announced(worker="model 1", watcher="digits")) == 1
    assert capsys.readouterr().out.endswith("\nstalled: 1 file waits, nothing was answered for 5 min\n")


def test_status_counts_the_silence_from_when_there_was_something_to_answer(
    sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    _minutes_ago(sqlite_database, seen=4, answered=600)
    assert show_status(announced(worker="model 1")) == 1
    out = capsys.readouterr().out
    assert "stalled: 1 file waits, nothing was answered for 4 min, and there is no model to read with" in out
    _minutes_ago(sqlite_database, seen=1, answered=600)
    assert show_status(announced()) == 0
    assert "stalled" not in capsys.readouterr().out


def test_status_is_zero_while_answers_come(sqlite_database: Database, announced: Announced) -> None:
    _minutes_ago(sqlite_database, seen=60, answered=1)
    assert show_status(announced(worker="model 1")) == 0  # `digits run --once` has no watcher


def test_status_is_zero_when_nothing_waits_and_nothing_runs(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE status = 'queued'"))
    _minutes_ago(sqlite_database, seen=600, answered=600)
    assert show_status(filled) == 0
    assert "stalled" not in capsys.readouterr().out


def test_status_is_one_if_files_wait_for_long_and_a_part_is_missing(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    _publish(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=3, answered=1)
    assert show_status(announced(watcher="digits")) == 1
    assert "stalled: 1 file waits, the oldest for 3 min, and no worker is running" in capsys.readouterr().out
    _minutes_ago(sqlite_database, seen=9, answered=4)
    assert show_status(filled) == 1
    assert "stalled: 1 file waits, the oldest for 9 min, and the broker can't be reached" in capsys.readouterr().out


def test_status_names_a_missing_watcher(
    filled: Settings, sqlite_database: Database, announced: Announced, capsys: Capture
) -> None:
    _publish(filled.model_dir, 1)
    activate_model(filled.model_dir, 1)
    _minutes_ago(sqlite_database, seen=9, answered=4)
    assert show_status(announced(worker="model 1")) == 1
    assert "nothing was answered for 4 min, and no watcher is running" in capsys.readouterr().out


@pytest.mark.parametrize(("doing", "code"), [("epoch 3 of 20, 17 min left", 0), ("failed: no way to MNIST", 1)])
def test_waiting_for_the_first_model_is_no_stall_while_it_is_trained(
    sqlite_database: Database, announced: Announced, doing: str, code: int
) -> None:
    _minutes_ago(sqlite_database, seen=9, answered=9)
    assert show_status(announced(worker="no model", trainer=doing)) == code


def test_status_counts_from_when_a_file_was_put_back(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    with sqlite_database.writing() as connection:
        connection.execute(text("DELETE FROM images WHERE status = 'queued'"))
    _minutes_ago(sqlite_database, seen=600, answered=600)
    retry(filled, None)
    assert show_status(filled) == 0
    out = capsys.readouterr().out
    assert "1 file waits and no worker is running" in out
    assert re.search(r"^queued +1  the oldest for \d s$", out, re.MULTILINE)


def test_status_names_the_model_each_worker_holds(filled: Settings, address: Address, capsys: Capture) -> None:
    with closing(Client(address)) as client:
        for pid, version in ((7, 3), (8, 4)):
            presence = {"role": "worker", "host": "h", "pid": pid, "doing": f"model {version}"}
            client.redis.zadd(client.key(PRESENCE), {json.dumps(presence): time.time()})
    assert show_status(dataclasses.replace(filled, redis_url=address.url)) == 0
    out = capsys.readouterr().out
    assert re.search(r"^worker +model 3 \(h, process 7\)\nworker +model 4 \(h, process 8\)$", out, re.MULTILINE)


def test_retry_puts_back_all_that_failed(filled: Settings, sqlite_database: Database, capsys: Capture) -> None:
    retry(filled, None)
    assert _statuses(sqlite_database)["notes.png"] == Status.QUEUED
    assert "1 file put back" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["four or nine.png", "digits/four or nine.png", "{here}/digits/../digits/four or nine.png"]
)
def test_retry_knows_a_file_by_each_of_its_names(
    filled: Settings, sqlite_database: Database, name: str, tmp_path: Path
) -> None:
    retry(filled, [Path(name.format(here=tmp_path))])
    changed = {path for path, status in _statuses(sqlite_database).items() if status == Status.QUEUED}
    assert changed == {"four or nine.png", "waiting.png"}


def test_retry_knows_a_file_of_another_watched_folder(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    (row_id,) = intake.register(sqlite_database, "/data/inbox", [intake.SeenFile("a/b.png", 1, 1)])
    claims.claim(sqlite_database, [row_id], "message")
    claims.answer(sqlite_database, "message", [_answer(row_id, None, None, Status.FAILED, "not an image")])
    with pytest.raises(CommandFailed):
        retry(settings, [tmp_path / "data/inbox/other/b.png"])
    retry(settings, [Path("/data/inbox/a/b.png")])
    assert _statuses(sqlite_database) == {"a/b.png": Status.QUEUED}


def test_retry_with_an_unknown_name_changes_nothing(filled: Settings, sqlite_database: Database) -> None:
    before = _statuses(sqlite_database)
    with pytest.raises(CommandFailed, match=r"no file no\\nsuch\.png"):
        retry(filled, [Path("notes.png"), Path("no\nsuch.png")])
    assert _statuses(sqlite_database) == before


def test_retry_enqueues_where_there_is_a_broker(filled: Settings, address: Address, capsys: Capture) -> None:
    retry(dataclasses.replace(filled, redis_url=address.url), None)
    client = Client(address)
    assert client.waiting() == 1
    client.close()
    assert "no broker" not in capsys.readouterr().out


def _publish(model_dir: Path, version: int, **changes: object) -> None:
    folder = model_dir / f"{version:04d}"
    folder.mkdir()
    files = {}
    for name in (MODEL_FILE, LITERT_FILE):
        (folder / name).write_bytes(b"weights")
        files[name] = hashlib.sha256(b"weights").hexdigest()
    fields = {
        "version": version, "architecture": "cnn", "recipe": "", "seed": 1, "epochs": 9, "parameters": 123_456,
        "mnist_accuracy": 0.9955, "temperature": 1.25, "accept_threshold": 0.9, "reject_threshold": 0.2,
        "created_at": "2026-11-22T16:04:05+00:00",
        "training_seconds": 620.0, "files": files,
    }  # fmt: skip
    Card(**{**fields, **changes}).write(folder)  # type: ignore[arg-type]


def test_models_are_listed_with_their_figures_and_their_faults(settings: Settings, capsys: Capture) -> None:
    for version in (1, 2, 3):
        _publish(settings.model_dir, version)
    (settings.model_dir / "0002/model.keras").write_bytes(b"other")
    (settings.model_dir / "0003/card.json").write_text("{")
    activate_model(settings.model_dir, 1)
    show_models(settings.model_dir)
    out = capsys.readouterr().out
    assert re.search(
        r"^\* +1 cnn +99\.55% +123,456 +1\.25 +0\.900 +0\.200 2026-11-2\d \d\d:\d\d 10 min 20 s whole",
        out,
        re.MULTILINE,
    )
    assert re.search(r"^ +2 cnn .* refused", out, re.MULTILINE)
    assert re.search(r"^version 2: .*checksum differs", out, re.MULTILINE)
    assert re.search(r"^version 3: the card .* can't be read", out, re.MULTILINE)


def test_the_active_model_s_coverage_error_curve_is_shown(settings: Settings, capsys: Capture) -> None:
    points = (
        {"threshold": 0.0, "coverage": 1.0, "error": 0.0125},
        {"threshold": 0.95, "coverage": 0.985, "error": 0.0},
    )
    _publish(settings.model_dir, 1, coverage=tuple(CoveragePoint(**point) for point in points))
    activate_model(settings.model_dir, 1)
    show_models(settings.model_dir)
    out = capsys.readouterr().out
    assert re.search(r"^ +0\.0% +100\.00% +1\.25%", out, re.MULTILINE)
    assert re.search(r"^ +95\.0% +98\.50% +0\.00%", out, re.MULTILINE)


def test_a_version_that_is_damaged_or_absent_is_not_activated(settings: Settings) -> None:
    _publish(settings.model_dir, 1)
    activate_model(settings.model_dir, 1)
    _publish(settings.model_dir, 2, files={})
    for version, error in ((2, ContractMismatch), (3, ModelMissing)):
        with pytest.raises(error):
            activate_model(settings.model_dir, version)
    assert (settings.model_dir / "active").read_text().strip() == "0001"


def test_no_models_at_all_is_one_sentence(settings: Settings, capsys: Capture) -> None:
    show_models(settings.model_dir)
    out, error = capsys.readouterr()
    assert not out
    assert error == "There is no model in model yet: `digits run` or `digits train` makes one.\n"


@pytest.fixture
def sevens(monkeypatch: Patch) -> None:
    for module in (cli.read, cli.show):
        monkeypatch.setattr(module, "load_active", lambda _: Sevens())


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


def test_train_prints_a_line_an_epoch_and_the_figures(settings: Settings, monkeypatch: Patch, capsys: Capture) -> None:
    def fake(model_dir: Path, **wishes: object) -> trainer.train.Published:
        assert wishes.pop("architecture") == "cnn"
        report = wishes["on_progress"]
        assert callable(report)
        for step in range(20):
            report(Progress("digits", step // 10 + 1, 2, step / 20, None if step < 10 else 0.97, 61.0))
        return trainer.train.Published(
            Sevens.card, model_dir / "0004", Verdict(activate=True, reason="it is made active")
        )

    monkeypatch.setattr(trainer.train, "train", fake)
    cli.train.train(settings, architecture="cnn", only=None, epochs=2, force=False, queue=False)
    out, error = capsys.readouterr()
    assert error.splitlines() == [
        "digits, epoch 1 of 2, 2 min left",
        "digits, epoch 2 of 2, 97.00% right, 2 min left",
    ]
    assert "99.55%" in out
    assert "it is made active" in out
    assert "model/0004/curve.svg and confusion.svg" in out


def test_a_training_can_be_queued_only_where_a_broker_answers(settings: Settings, address: Address) -> None:
    with pytest.raises(BrokerUnavailable):
        cli.train.train(settings, architecture="mlp", only=None, epochs=1, force=False, queue=True)
    reachable = dataclasses.replace(settings, redis_url=address.url)
    cli.train.train(reachable, architecture="mlp", only=None, epochs=1, force=False, queue=True)
    client = Client(address)
    assert client.trainings_waiting() == 1
    client.close()
