"""Run `digits run` of a tree of this project for a measurement: this tree's, or another version's."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.chunks import Backlog
from bench.cost import Cost
from bench.processes import wait_for

#: Asked in SQL, as another version's tables may have other columns.
_COUNT = "SELECT count(*), coalesce(sum(status IN ('queued', 'failed')), 0) FROM images"
_ANSWERED = "SELECT 1 FROM images WHERE path = ? AND status <> 'queued'"


@dataclass(frozen=True)
class Tree:
    """A tree of this project. It runs with the Python of its own `.venv`, or with this one if it has none."""

    root: Path

    def command(self, folder: Path, *options: str) -> list[str]:
        """Give the command `digits run` over a folder."""
        own = self.root / ".venv" / "bin" / "python"
        python = str(own) if own.exists() else sys.executable
        return [python, "-P", "-m", "cli.main", "run", str(folder), *options]

    def environment(self, model_dir: Path, runtime: str, processes: int) -> dict[str, str]:
        """Give the environment of this command."""
        return {
            **os.environ,
            "DIGITS_MODEL_DIR": str(model_dir),
            "DIGITS_RUNTIME": runtime,
            "DIGITS_WORKERS": str(processes),
            "PYTHONPATH": str(self.root),
        }


def run_inbox(backlog: Backlog, root: Path | None = None) -> Cost:
    """Give what `digits run --once` takes for the files beyond what it takes for one: its start and its end.

    Raises RuntimeError if a file is missing in the ledger.
    """
    tree = Tree(root or Path.cwd())
    single = backlog.place / "single"
    single.mkdir()
    shutil.copy(backlog.paths()[0], single)
    whole, start = (_once(tree, backlog, folder) for folder in (backlog.folder, single))
    return Cost(whole.wall - start.wall, whole.cpu - start.cpu)


def _once(tree: Tree, backlog: Backlog, folder: Path) -> Cost:
    """Run `digits run --once` over a folder, in a place of its own."""
    place = backlog.place / f"reading-{folder.name}"
    place.mkdir()
    cpu, began = _children_seconds(), time.perf_counter()
    ran = subprocess.run(
        tree.command(folder, "--once"),
        cwd=place,
        env=tree.environment(backlog.model_dir, backlog.runtime, backlog.processes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    cost = Cost(time.perf_counter() - began, _children_seconds() - cpu)
    found = _count(place)
    if ran.returncode or found != (len(os.listdir(folder)), 0):
        raise RuntimeError(f"not every file was read: {found} rows and open ones, {ran.stderr}")
    return cost


def _count(place: Path) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(place / "var" / "results.db")) as ledger:
        found: tuple[int, int] = ledger.execute(_COUNT).fetchone()
    return found


def _children_seconds() -> float:
    """Give the seconds of CPU of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def watching(tree: Tree, place: Path, first: bytes, model_dir: Path, runtime: str) -> Iterator[sqlite3.Connection]:
    """Run `digits run` with one reading process over `place`/inbox, and give its ledger once a `first` file is read."""
    (place / "inbox").mkdir()
    (place / "inbox" / "first.png").write_bytes(first)
    with (place / "screen.txt").open("wb") as screen:
        process = subprocess.Popen(
            tree.command(place / "inbox"),
            cwd=place,
            env=tree.environment(model_dir, runtime, 1),
            stdout=screen,
            stderr=screen,
        )
    path = place / "var" / "results.db"

    def first_is_read() -> bool:
        if process.poll() is not None:
            raise RuntimeError((place / "screen.txt").read_text())
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(path)) as ledger:
            return is_answered(ledger, "first.png")
        return False

    try:
        wait_for(path.exists)
        wait_for(first_is_read)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as ledger:
            yield ledger
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def is_answered(ledger: sqlite3.Connection, path: str) -> bool:
    """Whether a file has its outcome."""
    return ledger.execute(_ANSWERED, (path,)).fetchone() is not None
