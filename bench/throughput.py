"""Throughput of a backlog beside the floor and other ways to do it, in alternating runs: `python -m bench.throughput`.

Digit Inbox is `digits run --once`, from the scan of the folder to the printed table; what it takes for a single file is
taken off, as start-up is left out on all sides. The floor and the peers use the same model and runtime; the peers write
a row for each file before the work and answer it, the floor only inserts. The files are MNIST's test digits.
"""

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.chunks import Backlog
from bench.comparison import Comparison
from bench.cost import Cost
from bench.floor import run_floor
from bench.mnist_folder import write_mnist
from bench.peers import PEERS, run_peer
from db import queries
from db.engine import Database
from db.tables import Status

FLOOR, INBOX = "plain loop, the floor", "Digit Inbox"


def run_inbox(backlog: Backlog) -> Cost:
    """Give what `digits run --once` takes for the files beyond what it takes for one: its start and its end.

    Raises RuntimeError if a file is missing in the ledger.
    """
    single = backlog.place / "single"
    single.mkdir()
    shutil.copy(backlog.paths()[0], single)
    whole, start = (_once(backlog, folder) for folder in (backlog.folder, single))
    return Cost(whole.wall - start.wall, whole.cpu - start.cpu)


def _once(backlog: Backlog, folder: Path) -> Cost:
    """Run `digits run --once` over a folder, in a place of its own."""
    place = backlog.place / f"reading-{folder.name}"
    place.mkdir()
    environment = {
        "DIGITS_MODEL_DIR": str(backlog.model_dir),
        "DIGITS_RUNTIME": backlog.runtime,
        "DIGITS_WORKERS": str(backlog.processes),
        "PYTHONPATH": os.getcwd(),
    }
    cpu, began = _children_seconds(), time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", "run", str(folder), "--once"],
        cwd=place,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    cost = Cost(time.perf_counter() - began, _children_seconds() - cpu)
    database = Database(f"sqlite:///{place / 'var' / 'results.db'}")
    balance = queries.balance(database)
    database.close()
    if balance.seen != len(os.listdir(folder)) or balance.queued or balance.by_status[Status.FAILED]:
        raise RuntimeError(f"not every file was read: {balance}, {ran.stderr}")
    return cost


def _children_seconds() -> float:
    """Give the seconds of CPU of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def contenders(peers: list[str]) -> dict[str, Callable[[Backlog], Cost]]:
    """Give the systems to compare by their titles, the floor first."""
    chosen: dict[str, Callable[[Backlog], Cost]] = {FLOOR: run_floor, INBOX: run_inbox}
    return chosen | {PEERS[name].title: partial(run_peer, name) for name in peers}


def main() -> None:
    """Measure, print a table and draw a picture."""
    given = _arguments()
    wanted = [] if given.peers is None else given.peers or list(PEERS)
    missing = ", ".join(name for name in wanted if not PEERS[name].installed)
    left_out = f"LEFT OUT, not installed: {missing} (pip install -e '.[bench,peers]')\n" if missing else ""
    print(left_out, end="", flush=True)
    comparison = _compare(contenders([name for name in wanted if PEERS[name].installed]), given)
    print(f"\n{comparison.table()}\n{left_out}", end="")
    if given.picture:
        given.picture.write_text(comparison.picture(), encoding="utf-8")


def _compare(chosen: dict[str, Callable[[Backlog], Cost]], given: argparse.Namespace) -> Comparison:
    """Run all in turn, several times, each in its own folder."""
    pixels = {"small": "28x28", "large": "300x400"}[given.size]
    comparison = Comparison(
        f"{given.files:,} files of {pixels} pixels, {given.processes} reading processes, {given.runs} runs in turn",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {given.runtime}",
        given.files,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "backlog"
        write_mnist(folder, given.files, given.size)
        for number in range(given.runs):
            for position, (title, run) in enumerate(chosen.items()):
                place = Path(name) / f"{position}-{number}"
                place.mkdir()
                cost = run(Backlog(folder, place, given.model_dir.resolve(), given.runtime, given.processes))
                comparison.add(title, cost)
                print(f"run {number + 1}: {title}: {cost.wall:.2f} s, {cost.cpu:.2f} s of CPU", flush=True)
    return comparison


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    parser.add_argument("--runtime", choices=("litert", "keras"), default="litert")
    parser.add_argument("--size", choices=("small", "large"), default="small", help="28x28 or 300x400 pixels")
    parser.add_argument("--peers", nargs="*", choices=PEERS, help="other ways to do it, all of them if none is named")
    parser.add_argument("--picture", type=Path, help="draw the comparison as an SVG file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
