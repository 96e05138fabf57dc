"""A model that kills every reading process stops the reading, and fails no file."""

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.abuse.harness import Abused
from tests.place import Place
from worker.breaker import DEATHS_IN_A_ROW, WHY

pytestmark = pytest.mark.long  # readers start again a dozen times

Eventually = Callable[[Callable[[], object], float], None]
Publish = Callable[[Path, int], int]

#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 240.0
PICTURE = (Path(__file__).parents[2] / "digits" / "zero-mnist-28px.png").read_bytes()
#: Python runs a module of this name wherever it starts. It kills a reading process at every file, or when it loads the
#: first version of the model. Only reading processes open files by the bytes of their names.
HOOK = """
import os, signal, sys

def kill(event, arguments):
    if event != "open":
        return
    path = arguments[0]
    place = os.environ.get("CRASHES", "")
    if place == "file" and isinstance(path, bytes) or place == "start" and str(path).endswith("0001/model.tflite"):
        if "spawn_main" in " ".join(sys.orig_argv):
            os.kill(os.getpid(), signal.SIGSEGV)

sys.addaudithook(kill)
"""


@pytest.fixture
def crashing(place: Place, publish: Publish) -> Place:
    """Give a place with a model that has read no file yet, 20 pictures, and readers that can be made to crash."""
    (place.path / "hooks").mkdir()
    (place.path / "hooks" / "sitecustomize.py").write_text(HOOK)
    publish(place.path / "model", 0)
    place.variables |= {"DIGITS_MODEL_DIR": str(place.path / "model"), "PYTHONPATH": str(place.path / "hooks")}
    place.variables |= {"DIGITS_RUNTIME": "litert"}
    for number in range(20):
        (place.inbox / f"{number}.png").write_bytes(PICTURE)
        os.utime(place.inbox / f"{number}.png", (1_600_000_000, 1_600_000_000))
    return place


def statuses(place: Place) -> dict[str, int]:
    with sqlite3.connect(f"file:{place.path}/var/results.db?mode=ro", uri=True, timeout=30) as connection:
        return dict(connection.execute("SELECT status, count(*) FROM images GROUP BY status"))


def worker_log(place: Place) -> str:
    log = place.path / "var" / "log" / "worker.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def deaths(place: Place) -> int:
    return worker_log(place).count("exited with 'signal 11 (SIGSEGV)'")


def test_a_model_that_kills_every_reader_fails_no_file_and_is_said(crashing: Place) -> None:
    ended = crashing.digits("run", "--once", "--workers", "1", CRASHES="file")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"digits: {WHY}", ended.stderr
    assert statuses(crashing) == {"queued": 20}
    assert (deaths(crashing), worker_log(crashing).count(WHY)) == (DEATHS_IN_A_ROW, 1)
    assert crashing.processes() == {}
    assert crashing.digits("run", "--once", "--workers", "1").returncode == 0
    assert statuses(crashing) == {"accepted": 20}


def test_reading_goes_on_with_another_model(crashing: Place, publish: Publish, eventually: Eventually) -> None:
    crashing.variables["CRASHES"] = "start"
    run = Abused(crashing, f"sqlite:///{crashing.path}/var/results.db")
    output = crashing.path / "output.log"
    run.start("run", "--workers", "1")
    eventually(lambda: f"{WHY}.\n" in output.read_text(), PATIENCE)
    assert statuses(crashing) == {"queued": 20}
    assert crashing.digits("status").stdout.count(f"stopped: {WHY}") == 1
    publish(crashing.path / "model", 0)
    eventually(lambda: "Reading goes on.\n" in output.read_text(), PATIENCE)
    eventually(lambda: statuses(crashing) == {"accepted": 20}, PATIENCE)
    assert deaths(crashing) == DEATHS_IN_A_ROW
    run.close()


def test_a_worker_that_has_stopped_reading_ends_when_it_is_told(crashing: Place, eventually: Eventually) -> None:
    process = crashing.start("run", "--workers", "2", CRASHES="start")  # it holds messages that nobody reads
    eventually(lambda: WHY in worker_log(crashing), PATIENCE)
    (worker,) = (pid for pid, line in crashing.processes().items() if "cli.main worker" in line)
    os.kill(worker, signal.SIGTERM)
    eventually(lambda: worker not in crashing.processes(), 15)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert statuses(crashing) == {"queued": 20}
