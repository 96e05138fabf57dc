"""Let readers crash and run out of memory: the file at fault gets its outcome, its neighbours theirs."""

import os
import re
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from recognizer.opencv import cv2
from tests.abuse.harness import PICTURE, Abused, Record
from tests.place import Place

pytestmark = pytest.mark.abuse

Eventually = Callable[[Callable[[], object], float], None]

#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0

#: Python runs a module of this name wherever it starts. Only readers open a file by the bytes of its name.
HOOK = """
import os, signal, sys, threading

def fault(event, arguments):
    if event == "open" and isinstance(arguments[0], bytes):
        if b"segfault" in arguments[0]:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"memory" in arguments[0]:
            raise MemoryError
        if b"endless" in arguments[0]:
            threading.Event().wait()

sys.addaudithook(fault)
"""


@pytest.fixture(scope="module")
def faulty(
    tmp_path_factory: pytest.TempPathFactory, publish: Callable[[Path, int], int], eventually: Eventually
) -> Iterator[Abused]:
    """Run `digits run` with a reader that fails on files of certain names; `first.png` is read."""
    place = Place(tmp_path_factory.mktemp("faults"))
    for folder in (place.inbox, place.path / "hooks"):
        folder.mkdir()
    (place.path / "hooks" / "sitecustomize.py").write_text(HOOK)
    publish(place.path / "model", 0)
    place.variables |= {"DIGITS_MODEL_DIR": str(place.path / "model"), "PYTHONPATH": str(place.path / "hooks")}
    faulty = Abused(place, f"sqlite:///{place.path}/var/results.db")
    process = faulty.start("run", "--workers", "1")
    drop(faulty, "first.png")
    eventually(lambda: faulty.answered() == 1, PATIENCE)
    yield faulty
    faulty.close()
    process.terminate()
    process.wait(PATIENCE)
    for pid in place.processes():
        os.kill(pid, signal.SIGKILL)


def drop(run: Abused, *names: str, content: bytes = PICTURE) -> None:
    """Write complete files that have not changed for long, all at once."""
    stage = run.place.path / "stage"
    stage.mkdir(exist_ok=True)
    for name in names:
        (stage / name).write_bytes(content)
        os.utime(stage / name, (1_600_000_000, 1_600_000_000))
    for name in names:
        (stage / name).rename(run.inbox / name)


def outcomes(run: Abused) -> dict[str, tuple[object, ...]]:
    """Give status, reason and attempts by path."""
    return {str(row[0]): row[1:] for row in run.query("SELECT path, status, reason, attempts FROM images")}


def size(pid: int) -> int:
    """Read a process's address space in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


def test_a_reader_out_of_memory_lives_on(faulty: Abused, record: Record, eventually: Eventually) -> None:
    before = faulty.answered()
    worker, (reader,) = faulty.pids("cli.main worker"), faulty.pids("spawn_main")
    beside = [f"beside {number}.png" for number in range(5)]
    drop(faulty, "memory.png", *beside)
    eventually(lambda: faulty.answered() == before + 6, PATIENCE)

    soft, hard = resource.prlimit(reader, resource.RLIMIT_AS)
    resource.prlimit(reader, resource.RLIMIT_AS, (size(reader) + 32 * 2**20, hard))
    drop(faulty, "large.png", content=bytes(cv2.imencode(".png", np.zeros((7000, 7000), np.uint8))[1]))
    eventually(lambda: faulty.answered() == before + 7, PATIENCE)
    resource.prlimit(reader, resource.RLIMIT_AS, (soft, hard))
    drop(faulty, "after.png")
    faulty.require_balance(before + 8)

    found = outcomes(faulty)
    assert found["memory.png"] == ("failed", "there is not enough memory to read the file", 1)
    status, reason, attempts = found["large.png"]
    assert (status, attempts) == ("failed", 1)
    assert "memory" in str(reason)
    assert {found[name] for name in ("after.png", *beside)} == {("accepted", None, 1)}
    assert (faulty.pids("cli.main worker"), faulty.pids("spawn_main")) == (worker, [reader])
    record("8 files", "MemoryError in the reader, twice; it lives on", before + 8 - faulty.answered())


@pytest.mark.long  # a new reader loads its model after every crash
def test_a_picture_that_crashes_its_reader_is_given_up_and_its_neighbours_are_read(
    faulty: Abused, record: Record
) -> None:
    before = faulty.answered()
    worker, neighbours = faulty.pids("cli.main worker"), [f"neighbour {number}.png" for number in range(20)]
    drop(faulty, *neighbours[:10], "segfault.png", *neighbours[10:])
    seconds = faulty.require_balance(before + 21)
    found = outcomes(faulty)
    status, reason, attempts = found["segfault.png"]
    assert (status, reason) == ("failed", "its reader crashed 3 times")
    assert attempts in (3, 4)  # the first one with its neighbours, which says nothing about it
    assert {row[0] for row in faulty.query("SELECT crashes FROM images WHERE path <> 'segfault.png'")} == {0}
    assert {found[name][:2] for name in neighbours} == {("accepted", None)}
    assert faulty.pids("cli.main worker") == worker
    (row,) = faulty.query("SELECT id FROM images WHERE path = 'segfault.png'")
    told = re.findall(rf'event="a reader died on it.* row={row[0]}$', faulty.log("worker"), re.MULTILINE)
    assert len(told) == attempts
    lost = before + 21 - faulty.answered()
    record("21 files, one of which ends its reader", "SIGSEGV in the reader, each time", lost, seconds)


@pytest.mark.long  # the time that a file may take
def test_a_picture_that_holds_its_reader_is_failed_after_one_try_and_its_neighbours_are_read(
    faulty: Abused, record: Record
) -> None:
    before = faulty.answered()
    neighbours = [f"patient {number}.png" for number in range(20)]
    drop(faulty, *neighbours[:10], "endless.png", *neighbours[10:])
    seconds = faulty.require_balance(before + 21)
    found = outcomes(faulty)
    assert found["endless.png"] == ("failed", "reading it took more than 20 seconds", 1)
    assert {found[name] for name in neighbours} == {("accepted", None, 1)}
    record("21 files, one of which is never done", "its reader ends", before + 21 - faulty.answered(), seconds)
