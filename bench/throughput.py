"""Throughput of a backlog beside the floor, in alternating runs: `python -m bench.throughput`.

The backlog is moved into the watched folder of a running, idle Digit Inbox in one go; the clock runs from that moment
until the last row has its answer. Start-up is left out on both sides. The files are MNIST's test images.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from bench.floor import Cost, run_floor
from bench.mnist_folder import write_mnist
from bench.processes import digits_run, wait_for
from db import queries
from db.engine import Database


def run_inbox(backlog: Path, model_dir: Path, place: Path, processes: int = 2) -> Cost:
    """Move `backlog` into a running Digit Inbox and wait for its last answer."""
    files = sum(1 for _ in backlog.iterdir())
    with digits_run(place, model_dir, processes) as running:
        cpu, began = running.cpu_seconds(), time.perf_counter()
        backlog.rename(running.folder / "backlog")
        wait_for(lambda: _answered(running.database) == files, pause=0.02)
        wall = time.perf_counter() - began
        cpu = running.cpu_seconds() - cpu
        (running.folder / "backlog").rename(backlog)
        return Cost(wall, cpu)


def _answered(database: Database) -> int:
    balance = queries.balance(database)
    return balance.seen - balance.queued


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    given = parser.parse_args()
    floor, inbox = [], []
    with tempfile.TemporaryDirectory() as name:
        backlog = Path(name) / "backlog"
        write_mnist(backlog, given.files)
        for number in range(given.runs):
            places = [Path(name) / f"{what}{number}" for what in ("floor", "inbox")]
            for place in places:
                place.mkdir()
            floor.append(run_floor(backlog, given.model_dir, places[0], given.processes))
            inbox.append(run_inbox(backlog, given.model_dir, places[1], given.processes))
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{given.files} files, {given.processes} reading processes, {machine}, {given.runs} runs in turn")
    print(f"{'':<14} {'files/s: median (min-max)':<28} {'CPU us/file: median (min-max)':<30}")
    for label, costs in (("floor", floor), ("Digit Inbox", inbox)):
        speed = _spread([given.files / one.wall for one in costs])
        print(f"{label:<14} {speed:<28} {_spread([1e6 * one.cpu / given.files for one in costs])}")
    wall = [theirs.wall / ours.wall for theirs, ours in zip(floor, inbox, strict=True)]
    cpu = [ours.cpu / theirs.cpu for theirs, ours in zip(floor, inbox, strict=True)]
    print(f"throughput as a share of the floor's: {_spread(wall, 2)}")
    print(f"CPU as a multiple of the floor's: {_spread(cpu, 2)}")


def _spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


if __name__ == "__main__":
    main()
