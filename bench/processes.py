"""Start `digits run` for a measurement, know when it is ready, and count the CPU its processes use."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from broker.address import address_of
from broker.client import Client
from broker.presence import present
from db.engine import Database
from recognizer.installed import RuntimeName
from settings import Settings


@dataclass(frozen=True)
class Running:
    """A `digits run` whose workers hold their model."""

    folder: Path
    database: Database
    process: psutil.Process
    #: When the last worker said that it holds its model, in seconds since the machine started.
    ready_at: float

    def cpu_seconds(self) -> float:
        """CPU seconds used so far by all its processes, the broker included."""
        total = 0.0
        for one in [self.process, *self.process.children(recursive=True)]:
            times = one.cpu_times()
            total += times.user + times.system
        return total


@contextmanager
def digits_run(place: Path, model_dir: Path, workers: int, runtime: RuntimeName) -> Iterator[Running]:
    """Run Digit Inbox in `place`, an empty folder; ends it at the end."""
    folder = place / "inbox"
    folder.mkdir()
    environment = {**os.environ, "DIGITS_MODEL_DIR": str(model_dir.resolve()), "DIGITS_RUNTIME": runtime}
    with (place / "screen.txt").open("wb") as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "run", str(folder), "--workers", str(workers)],
            cwd=place,
            env=environment | {"PYTHONPATH": os.getcwd()},
            stdout=screen,
            stderr=screen,
        )

    def workers_ready() -> bool:
        if process.poll() is not None:
            raise RuntimeError((place / "screen.txt").read_text())
        return sum(one.role == "worker" and one.doing != "no model" for one in present(client) or []) == workers

    try:
        client = Client(address_of(Settings(var_dir=place / "var")))
        wait_for(workers_ready, pause=0.02)
        ready_at = time.clock_gettime(time.CLOCK_BOOTTIME)
        wait_for(lambda: any(one.role == "watcher" for one in present(client) or []))
        database = Database(f"sqlite:///{place / 'var' / 'results.db'}")
        yield Running(folder, database, psutil.Process(process.pid), ready_at)
        database.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_for(condition: Callable[[], bool], seconds: float = 300, pause: float = 0.05) -> None:
    """Wait until something is true. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("waited too long")
        time.sleep(pause)
