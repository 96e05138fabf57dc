"""Drop files whose names, contents or kinds are made to harm: each gets its one outcome, and nothing else happens."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from cli.errors import CommandFailed
from cli.show import show
from db import paths
from presentation.text import printable
from recognizer.image import decode
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from settings import load_settings
from tests.abuse.harness import Abused, Record
from tests.place import ROOT, Place
from tests.unit.test_image import (
    chunk,
    cmyk_jpeg,
    encoded,
    gif,
    jpeg_with_exif,
    on_white,
    png,
    png_with_exif,
    stored,
    tiff,
    webp_with_exif,
)

pytestmark = pytest.mark.abuse

Eventually = Callable[[Callable[[], object], float], None]
Row = tuple[str, str | None, str | None, str | None, int]

#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0
SEVEN = (ROOT / "digits" / "seven-blue-pen.png").read_bytes()
PHOTO = (ROOT / "digits" / "five-phone-photo.jpg").read_bytes()

#: The watched folder's own name; a name of a file as bytes below.
FOLDER = b"in\xff\n<b>box"
NAMES = [
    b"\xff.png",
    rb"\xff.png",
    b"two\nlines.png",
    b"back\rward.png",
    "👩‍🔬5️⃣.png".encode(),
    b"n" * 251 + b".png",
    b"<img src=x onerror=alert(1)>.png",
    b"'\"><script>alert(1)<|script>.png",
    b"\x1b[2J\x1b]0;title\x07.png",
    "a\u202egnp.exe".encode(),
    b"\xed\xb3\xbf.png",
    b"[bold red]markup[|bold red].png",
    b"-rf",
    b"$(touch forged) %s ${x} {0}.png",
    b"'; DROP TABLE images; --",
    b"level=error event=forged row=1",
    b"sub\n\xff<b>/seven.png",
]

#: Starts a program without root's powers to open what its mode forbids (Linux' capabilities 1 and 2; 24 drops one).
MORTAL = """
import ctypes, os, sys
for power in (1, 2) if os.getuid() == 0 else ():
    if ctypes.CDLL(None).prctl(24, power, 0, 0, 0):
        sys.exit("the power to open every file can't be given up")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class HostilePlace(Place):
    """A place whose watched folder has a name to be careful with, and which keeps what `digits run` prints."""

    @property
    def inbox(self) -> Path:
        return self.path / os.fsdecode(FOLDER)

    @property
    def printed(self) -> str:
        """What `digits run` has printed so far."""
        return (self.path / "printed").read_text(encoding="utf-8")

    def run(self) -> None:
        """Start `digits run` as somebody who may not open everything."""
        with (self.path / "printed").open("w") as printed:
            process = subprocess.Popen(
                [sys.executable, "-c", MORTAL, "-P", "-m", "cli.main", "run", "--workers", "1"],
                cwd=self.path, env=self.environment, stdout=printed, stderr=printed, text=True, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)

    def end(self) -> None:
        """End it, and whatever it left."""
        for process in self.started:
            process.terminate()
            process.wait(PATIENCE)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def output(self, *arguments: str) -> str:
        """Run a command; give what it wrote, character by character."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.path, env=self.environment, capture_output=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout.decode()

    def on_terminal(self, *arguments: str) -> str:
        """Run a command on a terminal; give what that got, without the colours."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.path, env=self.environment | {"TERM": "xterm"}, stdout=theirs,
        )  # fmt: skip
        os.close(theirs)
        got = b""
        with contextlib.suppress(OSError):  # the other side is closed
            while part := os.read(ours, 65_536):
                got += part
        os.close(ours)
        assert process.wait(PATIENCE) == 0
        return re.sub(r"\x1b\[[0-9;]*m", "", got.decode()).replace("\r\n", "\n")


def variants() -> dict[str, bytes]:
    """Write one picture, a 4 of even 8x8 blocks, black or white, in every way that has to be read alike."""
    single = prepare(decode((ROOT / "digits" / "four-marker.png").read_bytes())).single
    assert single
    blocks = np.pad(np.where(single.crop > 100, 0, 255), 2, constant_values=255)
    gray = np.kron(blocks, np.ones((8, 8))).astype(np.uint8)
    width, ink = gray.shape[1], (gray < 128).astype(np.uint8)
    palette = chunk(b"PLTE", bytes([255] * 3 + [0] * 3))
    found = {
        "plain.png": encoded(".png", gray),
        "16 bit.png": encoded(".png", gray.astype(np.uint16) * 257),
        "16 bit colour.png": encoded(".png", cv2.merge([gray.astype(np.uint16) * 257] * 3)),
        "cmyk.jpg": cmyk_jpeg(blocks),
        "palette.png": png(ink, depth=8, colour=3, width=width, extra=palette),
        "palette, transparent.png": png(
            ink, depth=8, colour=3, width=width, extra=palette + chunk(b"tRNS", bytes([0, 255]))
        ),
        "grey and alpha.png": png(
            np.dstack((gray, np.full_like(gray, 255))).reshape(len(gray), -1), depth=8, colour=4, width=width
        ),
        "1 bit.png": png(np.packbits(1 - ink, axis=1), depth=1, colour=0, width=width),
        "black on transparent.png": encoded(".png", on_white(255 - gray)),
        "gif.gif": gif(gray),
    }
    writers = {
        "jpg": jpeg_with_exif,
        "png": png_with_exif,
        "webp": webp_with_exif,
        "tiff": tiff,
    }
    for ending, write in writers.items():
        found |= {f"exif {number}.{ending}": write(stored(gray, number), number) for number in range(1, 9)}
    return found


def damaged() -> dict[str, bytes]:
    """Write what is no picture, or not all of one."""
    wrong = bytearray(SEVEN)
    wrong[len(wrong) // 2] ^= 1
    return {
        "zero.png": b"",
        "one byte.png": b"\x89",
        "text.png": b"seven\n",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "half.png": SEVEN[: len(SEVEN) // 2],
        "half.jpg": PHOTO[: len(PHOTO) // 2],
        "without its end.jpg": PHOTO[:-2],
        "wrong checksum.png": bytes(wrong),
        "sound.webp": b"RIFF\x24\0\0\0WAVEfmt ",
    }


class Outside:
    """What lies outside the watched folder, and whether anybody opened it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.secret, self._sentinel = folder / "secret.png", folder / "sentinel"
        for path in (self.secret, self._sentinel):
            path.write_bytes(SEVEN)
        self._opened: list[str] = []
        handler = FileSystemEventHandler()
        handler.on_opened = self._note  # type: ignore[method-assign]  # one method, not worth a class
        self._observer = Observer()
        self._observer.schedule(handler, str(folder), event_filter=[FileOpenedEvent])
        self._observer.start()

    def _note(self, event: FileSystemEvent) -> None:
        self._opened.append(os.fsdecode(event.src_path))

    def opened(self, eventually: Eventually) -> bool:
        """Whether the secret was ever opened; what we open ourselves now tells that the notes are up to date."""
        before = self._opened.count(str(self._sentinel))
        self._sentinel.read_bytes()
        eventually(lambda: self._opened.count(str(self._sentinel)) > before, PATIENCE)
        return str(self.secret) in self._opened

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()


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


def fill(stage: Path, secret: Path) -> None:
    """Lay out all that is dropped."""
    for folder in (stage, stage / "good", stage / "bad", stage / "alike", stage / "folder.png"):
        folder.mkdir()
    for named in NAMES:
        for folder, content in ((stage / "good", SEVEN), (stage / "bad", b"")):
            path = folder / os.fsdecode(named)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    for name, data in damaged().items():
        (stage / name).write_bytes(data)
    for name, data in variants().items():
        (stage / "alike" / name).write_bytes(data)
    (stage / "link.png").symlink_to(secret)
    (stage / "link to a folder.png").symlink_to(secret.parent)
    (stage / "link to nothing.png").symlink_to("nowhere")
    (stage / "folder.png" / "seven.png").write_bytes(SEVEN)
    (stage / "forbidden.png").write_bytes(SEVEN)
    (stage / "forbidden.png").chmod(0)
    with contextlib.chdir(stage), socket.socket(socket.AF_UNIX) as server:  # a socket's path must be short
        server.bind("socket.png")


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
    assert {row[2:] for row in bad.values()} == {("failed", "the file is empty", 1)}


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
    assert {row["path"]: (row["reading"] or None, row["status"], row["reason"] or None) for row in as_csv} == expected
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


def test_what_is_no_picture_is_failed_for_a_reason_at_the_first_attempt(run: Abused) -> None:
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
    assert {(found[name.encode()][2], found[name.encode()][4]) for name in damaged()} == {("failed", 1)}


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


def bomb() -> bytes:
    """Write a PNG of 20,000 x 20,000 pixels, each 0; as 1 bit a pixel it is 50 MB, decoded 400."""
    rows, side = zlib.compress(bytes(20_000 * 2_501), 9), 20_000
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


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
