"""Drop files in every way there is, and in more than one way that there should not be."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from broker.server import EmbeddedBroker
from tests.abuse.harness import PATIENCE, PICTURE, Abused, Eventually, Record

pytestmark = pytest.mark.abuse

#: Files dropped while nobody watches.
UNWATCHED_FILES = 5_000
#: Files dropped faster than anybody can watch, and the seconds that may take.
FLOOD_FILES = 60_000
FLOOD_SECONDS = 10.0
#: Files dropped in each of the ways in which files come.
FILES_A_WAY = 200
#: Times one file is overwritten.
OVERWRITES = 100
#: Files deleted before they are read.
DELETED_FILES = 200
#: Seconds over which a file is written in three pieces.
WRITING_SECONDS = 5.0

Draw = Callable[[Path, str], Path]


def prepare_parts(abused: Abused, own_broker: EmbeddedBroker) -> None:
    """Make all that `digits watch` and `digits worker` need to run by themselves."""
    abused.place.variables["DIGITS_REDIS_URL"] = own_broker.url
    migrated = abused.place.digits("migrate")
    assert migrated.returncode == 0, migrated.stderr


@pytest.mark.long
def test_files_dropped_while_nobody_watches_are_found(
    abused: Abused, own_broker: EmbeddedBroker, record: Record, eventually: Eventually
) -> None:
    prepare_parts(abused, own_broker)
    abused.start("worker", "--workers", "2")
    watcher = abused.start("watch")
    (abused.inbox / "first.png").write_bytes(PICTURE)
    eventually(lambda: abused.answered() == 1, PATIENCE)
    watcher.kill()
    watcher.wait()
    abused.drop(range(UNWATCHED_FILES))
    abused.start("watch")
    seconds = abused.require_balance(UNWATCHED_FILES + 1)
    lost = UNWATCHED_FILES + 1 - abused.answered()
    record(f"{UNWATCHED_FILES:,} drops", "the watcher is down", lost, seconds)


@pytest.mark.long
def test_a_flood_that_overflows_the_events_is_found_at_once(
    abused: Abused, record: Record, eventually: Eventually
) -> None:
    """The watcher stands still meanwhile, as on a machine that is too busy, so that the kernel must drop events."""
    abused.place.variables["DIGITS_RESCAN_SECONDS"] = "3600"  # what is found is not found by the next look at all
    abused.start("run", "--workers", "2")
    source = abused.inbox / "first.png"
    source.write_bytes(PICTURE)
    eventually(lambda: abused.answered() == 1, PATIENCE)
    (watcher,) = abused.pids("cli.main watch")
    began = time.monotonic()
    os.kill(watcher, signal.SIGSTOP)
    for number in range(FLOOD_FILES):
        os.link(source, abused.inbox / f"{number}.png")
    os.kill(watcher, signal.SIGCONT)
    took = time.monotonic() - began
    assert took < FLOOD_SECONDS
    seconds = abused.require_balance(FLOOD_FILES + 1)
    assert "events overflowed, scanning" in abused.log("watcher")
    lost = FLOOD_FILES + 1 - abused.answered()
    record(f"{FLOOD_FILES:,} drops in {took:.1f} s", "the kernel's event queue overflows", lost, seconds)


@pytest.mark.linux  # only Linux tells whether somebody writes a file
@pytest.mark.usefixtures("_many_open_files")
@pytest.mark.parametrize("files", [pytest.param(1_000, marks=pytest.mark.long), 200])
def test_no_row_comes_from_a_file_that_is_still_written(
    abused_sqlite: Abused, record: Record, eventually: Eventually, files: int
) -> None:
    """Half of the writers keep their file open; the others open it anew for every piece."""
    abused_sqlite.start("run", "--workers", "1")
    inbox = abused_sqlite.inbox
    (inbox / "first.png").write_bytes(PICTURE)
    eventually(lambda: abused_sqlite.answered() == 1, PATIENCE)
    third = len(PICTURE) // 3
    with ExitStack() as stack:
        held = [stack.enter_context((inbox / f"held {number}.png").open("wb", 0)) for number in range(files // 2)]
        for piece in (PICTURE[:third], PICTURE[third : 2 * third], PICTURE[2 * third :]):
            for file in held:
                file.write(piece)
            for number in range(files // 2):
                with (inbox / f"anew {number}.png").open("ab") as anew:
                    anew.write(piece)
            time.sleep(WRITING_SECONDS / 3)  # the slow writer itself
            assert abused_sqlite.query("SELECT count(*) FROM images WHERE path LIKE 'held %'") == [(0,)]
            finals = abused_sqlite.query("SELECT DISTINCT size FROM images WHERE status <> 'queued'")
            assert finals == [(len(PICTURE),)]
    seconds = abused_sqlite.require_balance(files + 1)
    assert abused_sqlite.query("SELECT DISTINCT size, status FROM images") == [(len(PICTURE), "accepted")]
    faults = f"each in three pieces over {WRITING_SECONDS:.0f} s"
    record(f"{files:,} drops", faults, files + 1 - abused_sqlite.answered(), seconds)


@pytest.fixture
def _many_open_files() -> Iterator[None]:
    """Let this process have as many files open as it may."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_files_are_found_in_whatever_way_they_come(
    abused_sqlite: Abused, record: Record, eventually: Eventually
) -> None:
    place, inbox = abused_sqlite.place.path, abused_sqlite.inbox
    (place / "outside" / "tree").mkdir(parents=True)
    for number in range(FILES_A_WAY):
        folder = place / "outside" / "tree" / str(number % 7) / str(number % 5)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(PICTURE)
        (place / "outside" / f"{number}.png").write_bytes(PICTURE)
    abused_sqlite.start("run", "--workers", "1")
    (inbox / "first.png").write_bytes(PICTURE)
    eventually(lambda: abused_sqlite.answered() == 1, PATIENCE)

    for number in range(FILES_A_WAY):
        os.link(place / "outside" / f"{number}.png", inbox / f"linked {number}.png")
        (place / "outside" / f"{number}.png").rename(inbox / f"moved {number}.png")
        folder = inbox / "made" / str(number) / "at" / "once"
        folder.mkdir(parents=True)
        (folder / "7.png").write_bytes(PICTURE)
    (place / "outside" / "tree").rename(inbox / "tree")

    files = 4 * FILES_A_WAY + 1
    seconds = abused_sqlite.require_balance(files)
    assert abused_sqlite.counts() == {"accepted": files}
    faults = f"moved in, hard-linked, in a tree moved in, in folders made at once: {FILES_A_WAY} each"
    record(f"{files:,} drops", faults, files - abused_sqlite.answered(), seconds)


def test_the_last_content_of_a_file_that_is_overwritten_again_and_again_stands(
    abused_sqlite: Abused, record: Record, eventually: Eventually, draw: Draw
) -> None:
    contents = [draw(abused_sqlite.place.path / f"{text}.png", text).read_bytes() for text in ("7", "1")]
    last = draw(abused_sqlite.place.path / "last.png", "8").read_bytes()
    assert len(last) not in map(len, contents)
    name = abused_sqlite.inbox / "7.png"
    name.write_bytes(contents[0])
    abused_sqlite.start("run", "--workers", "1")
    eventually(lambda: abused_sqlite.answered() == 1, PATIENCE)
    for number in range(OVERWRITES - 1):
        name.write_bytes(contents[number % 2])
        if number % 10 == 0:  # now and then it is read in between
            eventually(abused_sqlite.answered, PATIENCE)
    name.write_bytes(last)
    eventually(lambda: abused_sqlite.query("SELECT reading, size FROM images") == [("0", len(last))], PATIENCE)
    seconds = abused_sqlite.require_balance(1)
    record("1 drop", f"overwritten {OVERWRITES} times", 1 - abused_sqlite.answered(), seconds)


def test_files_deleted_before_they_are_read_have_failed_for_good(
    abused_sqlite: Abused, own_broker: EmbeddedBroker, record: Record, eventually: Eventually
) -> None:
    prepare_parts(abused_sqlite, own_broker)
    abused_sqlite.start("watch")
    abused_sqlite.drop(range(DELETED_FILES))
    eventually(lambda: abused_sqlite.counts() == {"queued": DELETED_FILES}, PATIENCE)
    for path in abused_sqlite.inbox.iterdir():
        path.unlink()
    abused_sqlite.start("worker", "--workers", "1")
    seconds = abused_sqlite.require_balance(DELETED_FILES)
    outcomes = abused_sqlite.query("SELECT DISTINCT status, reason, attempts FROM images")
    assert outcomes == [("failed", "vanished", 1)]  # one attempt: nobody came back to them
    lost = DELETED_FILES - abused_sqlite.answered()
    record(f"{DELETED_FILES:,} drops", "deleted before they are read", lost, seconds)
