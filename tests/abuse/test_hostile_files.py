"""Drop files whose names, contents or kinds are made to harm: each gets its one outcome, and nothing else happens."""

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cli.errors import CommandFailed
from cli.show import show
from db import paths
from db.claims import MAX_ATTEMPTS
from presentation.text import printable
from recognizer.versions import SHIPPED
from settings import load_settings
from tests.abuse.harness import Abused, Record
from tests.abuse.hostile_files import NAMES, SEVEN, bomb, damaged, fill, variants
from tests.abuse.hostile_place import FOLDER, PATIENCE, HostilePlace, Outside

pytestmark = pytest.mark.abuse
Eventually = Callable[[Callable[[], object], float], None]
Row = tuple[str, str | None, str | None, str | None, int]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostilePlace]:
    """Run `digits run` for all tests of this file, and let it read all that is dropped but the bombs."""
    place = HostilePlace(tmp_path_factory.mktemp("hostile"))
    place.inbox.mkdir()
    place.variables["DIGITS_FOLDER"] = str(place.inbox)
    place.run()
    yield place
    place.end()


@pytest.fixture(scope="module")
def outside(place: HostilePlace) -> Iterator[Outside]:
    outside = Outside(place.path / "outside")
    yield outside
    outside.close()


@pytest.fixture(scope="module")
def warm(place: HostilePlace, eventually: Eventually) -> Iterator[Abused]:
    """Let the run read its first file: it is up, and its events come."""
    run = Abused(place, f"sqlite:///{place.path}/var/results.db")
    (place.inbox / "first.png").write_bytes(SEVEN)
    eventually(lambda: run.answered() == 1, PATIENCE)
    yield run
    run.close()


@pytest.fixture(scope="module")
def writer(warm: Abused) -> Iterator["subprocess.Popen[bytes]"]:
    """Make a pipe in the watched folder, and let somebody wait there for a reader, to write to it."""
    os.mkfifo(warm.inbox / "pipe.png")
    process = subprocess.Popen(["/bin/sh", "-c", 'exec 3> "$0"', str(warm.inbox / "pipe.png")])
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def run(warm: Abused, outside: Outside, writer: "subprocess.Popen[bytes]", eventually: Eventually) -> Abused:
    """Drop everything at once and wait for the last outcome."""
    del writer  # waits
    stage = warm.place.path / "stage"
    fill(stage, outside.secret)
    dropped = sum(len(names) for _, _, names in os.walk(stage)) + 1  # os.walk takes a link to a folder for one
    for path in stage.iterdir():
        path.rename(warm.inbox / path.name)
    eventually(lambda: warm.answered() == dropped + 2, PATIENCE)
    return warm


def rows(run: Abused, below: str = "") -> dict[bytes, Row]:
    """Give path, reading, status, reason and attempts of the files below a folder, by their names as bytes."""
    found = run.query("SELECT path, reading, status, reason, attempts FROM images ORDER BY path")
    wanted: list[Any] = [row for row in found if str(row[0]).startswith(below)]
    return {paths.to_bytes(row[0])[len(below) :]: row for row in wanted}


def test_every_dropped_file_has_one_outcome(run: Abused, record: Record) -> None:
    files = len(rows(run))
    run.require_balance(files)
    record(f"{files} hostile files", "names, damaged, links, pipes, forbidden", files - run.answered())


def test_a_file_is_read_whatever_its_name(run: Abused) -> None:
    good, bad = rows(run, "good/"), rows(run, "bad/")
    assert good.keys() == bad.keys() == set(NAMES)
    assert {row[1:3] for row in good.values()} == {("7", "accepted")}
    assert {row[2:4] for row in bad.values()} == {("failed", "the file is empty")}


def test_live_lines_show_every_name_on_one_line(place: HostilePlace, run: Abused, eventually: Eventually) -> None:
    answered = len(rows(run))
    eventually(lambda: place.printed.count("\n") > answered, PATIENCE)
    heading, *lines = place.printed.splitlines()
    assert printable(str(place.inbox)) in heading
    assert len(lines) == answered
    assert all(printable(line) == line for line in lines)
    for row in rows(run).values():
        assert any(f"  {printable(row[0])}" in line for line in lines)


def test_programs_get_every_name_as_it_is(place: HostilePlace, run: Abused) -> None:
    expected = {row[0]: row[1:4] for row in rows(run).values()}
    as_csv = csv.DictReader(io.StringIO(place.output("results", "--format", "csv"), newline=""))
    as_json = json.loads(place.output("results", "--format", "json"))
    found = {row["path"]: (row["reading"] or None, row["status"], row["reason"] or None) for row in as_csv}
    # in front of a name that a spreadsheet would run, CSV has ./
    assert {path if path in expected else path.removeprefix("./"): row for path, row in found.items()} == expected
    assert {row["path"]: (row["reading"], row["status"], row["reason"]) for row in as_json} == expected


def test_tables_and_status_show_nothing_that_a_terminal_acts_upon(place: HostilePlace, run: Abused) -> None:
    table, status = place.output("results"), place.output("status")
    assert len(table.splitlines()) == 1 + len(rows(run))
    assert all(printable(row[0]) in table for row in rows(run).values())
    assert printable(os.fsdecode(FOLDER)) in status
    shown = [table, status, place.on_terminal("results"), place.on_terminal("results", "--format", "csv")]
    assert all(printable(line) == line for text in shown for line in text.split("\n"))


def test_show_names_the_file_on_one_line(
    place: HostilePlace, run: Abused, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.answered()
    monkeypatch.chdir(place.path)
    for variable, value in place.environment.items():
        if variable.startswith("DIGITS_"):
            monkeypatch.setenv(variable, value)
    monkeypatch.setenv("DIGITS_MODEL_DIR", str(SHIPPED))
    for name in NAMES:
        with pytest.raises(CommandFailed, match="the file is empty") as caught:
            show(load_settings(), Path(os.fsdecode(b"bad/" + name)))
        assert printable(str(caught.value)) == str(caught.value)
        assert printable(paths.to_text(name)) in str(caught.value)
    show(load_settings(), Path(os.fsdecode(b"good/two\nlines.png")))
    assert r"good/two\nlines.png" in capsys.readouterr().out


class Page(HTMLParser):
    """What a browser would find in a page: elements and attributes, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_report_shows_every_name_and_runs_none(place: HostilePlace, run: Abused) -> None:
    place.output("report", "out.html")
    page = Page((place.path / "out.html").read_text(encoding="utf-8"))
    assert {row[0] for row in rows(run).values()} >= {paths.to_text(b"good/" + name) for name in NAMES}
    assert {printable(row[0]) for row in rows(run).values()} <= set(page.texts)
    assert "script" not in {tag for tag, _ in page.elements}
    attributes = [(name, value or "") for _, given in page.elements for name, value in given.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert all(value.startswith("data:image/png;base64,") for name, value in attributes if name == "src")


def test_logs_have_one_line_an_event_with_its_row(place: HostilePlace, run: Abused) -> None:
    logs = {path.name: path.read_text(encoding="utf-8") for path in (place.path / "var" / "log").iterdir()}
    del logs["broker.log"]  # written by the server
    lines = [line for log in logs.values() for line in log.split("\n") if line]
    assert all(line.startswith("at=") and printable(line) == line for line in lines)
    assert not [line for line in lines if "event=forged" in line]
    told = {int(row) for row in re.findall(r'event="file failed" .*\brow=(\d+)', logs["worker.log"])}
    assert told == {row[0] for row in run.query("SELECT id FROM images WHERE status = 'failed'")}


def test_what_is_no_picture_is_failed_for_a_reason_once_it_holds_still(run: Abused) -> None:
    found = rows(run)
    assert {name: found[name.encode()][3] for name in damaged()} == {
        "zero.png": "the file is empty",
        "one byte.png": "not an image",
        "text.png": "not an image",
        "drawing.png": "not an image",
        "half.png": "the image is cut off",
        "half.jpg": "the image is cut off",
        "without its end.jpg": "the image is cut off",
        "wrong checksum.png": "the image is damaged: a checksum is wrong",
        "sound.webp": "not an image",
    }
    assert {found[name.encode()][2] for name in damaged()} == {"failed"}
    assert all(found[name.encode()][4] < MAX_ATTEMPTS for name in damaged())


def test_every_way_to_write_a_picture_gives_the_reading_of_the_plain_png(run: Abused) -> None:
    found = run.query("SELECT path, reading, status, confidence FROM images WHERE path LIKE 'alike/%'")
    assert {str(row[0]).removeprefix("alike/") for row in found} == variants().keys()
    assert {row[1:3] for row in found} == {("4", "accepted")}
    (plain,) = [row[3] for row in found if row[0] == "alike/plain.png"]
    assert [row[3] for row in found] == pytest.approx([plain] * len(found), abs=0.01)


def test_links_pipes_sockets_and_forbidden_files_are_refused_unopened(
    run: Abused, outside: Outside, writer: "subprocess.Popen[bytes]", record: Record, eventually: Eventually
) -> None:
    found = rows(run)
    link = ("failed", "a symbolic link; only regular files are read", 1)
    assert (
        {name: row[2:] for name, row in found.items() if not name.startswith((b"alike/", b"good/", b"bad/"))}
        == {
            b"link.png": link,
            b"link to a folder.png": link,
            b"link to nothing.png": link,
            b"pipe.png": ("failed", "not a regular file", 1),
            b"socket.png": ("failed", "not a regular file", 1),
            b"forbidden.png": ("failed", "permission denied", 1),
            b"folder.png/seven.png": ("accepted", None, 1),  # a folder is no file, whatever its name
            b"first.png": ("accepted", None, 1),
        }
        | {name.encode(): found[name.encode()][2:] for name in damaged()}
    )
    assert not outside.opened(eventually)
    assert writer.poll() is None  # still waits for somebody who opens the pipe
    kinds = "reason LIKE '%regular file%' OR reason = 'permission denied'"
    times = run.query(f"SELECT count(*), max(recognized_ms - first_seen_ms) FROM images WHERE {kinds}")  # noqa: S608
    record(f"{times[0][0]} links, pipes, sockets, forbidden files", f"refused {times[0][1]} ms after they were seen", 0)


def memory(pid: int, what: str) -> int:
    """Read a process's memory, now (`VmRSS`) or at its peak (`VmHWM`), in MB."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


def test_a_hundred_bombs_are_refused_in_the_memory_there_is(
    run: Abused, record: Record, eventually: Eventually
) -> None:
    (reader,) = run.pids("spawn_main")
    before = len(rows(run))
    data, stage = bomb(), run.place.path / "bombs"
    stage.mkdir()
    for number in range(100):
        (stage / f"{number}.png").write_bytes(data)
        os.utime(stage / f"{number}.png", (1_600_000_000, 1_600_000_000))
    Path(f"/proc/{reader}/clear_refs").write_text("5")  # its peak begins anew
    held = memory(reader, "VmRSS")
    stage.rename(run.inbox / "bombs")
    eventually(lambda: run.answered() == before + 100, PATIENCE)
    reason = "20000 x 20000 pixels is more than the 50 million allowed"
    assert {row[2:] for row in rows(run, "bombs/").values()} == {("failed", reason, 1)}
    assert run.pids("spawn_main") == [reader]
    more = memory(reader, "VmHWM") - held
    assert more <= 64
    lost = before + 100 - run.answered()
    record("100 PNG bombs of 400 megapixels", f"the reader's memory grew by {more} MB", lost)
