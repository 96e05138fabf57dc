"""How much faster more workers are: `python -m bench.scaling`, with the containers of docker-compose.yml.

A backlog of MNIST's test digits appears in the watched folder at once. Measured is the time from then to the last row,
by the ledger.
"""

import argparse
import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.mnist_folder import write_mnist
from bench.project import Project, project

#: Seconds for a backlog, far above what it takes.
PATIENCE = 300
#: Between two looks: each takes processor time from the workers, which are timed by what the ledger says.
LOOK_SECONDS = 3


@dataclass(frozen=True)
class Drained:
    """How long a backlog took, and how many of its files each worker read."""

    seconds: float
    shares: list[int]


def main() -> None:
    """Measure, and print a table."""
    given = _arguments()
    with project() as containers:
        containers.compose("build")
        prepared = containers.inbox.parent / "prepared"
        write_mnist(prepared, given.files, given.size)
        found: dict[int, list[Drained]] = {workers: [] for workers in given.workers}
        for run in range(given.runs):
            for workers, drained in found.items():
                drained.append(drain(containers, prepared, workers, f"{run}-{workers}"))
                print(f"run {run + 1}: {workers} workers: {drained[-1]}", flush=True)
    pixels = {"small": "28x28", "large": "300x400"}[given.size]
    print(f"\n{given.files:,} files of {pixels} pixels, {given.runs} runs in turn, {os.cpu_count()} cores\n")
    print(table(found, given.files))


def drain(containers: Project, prepared: Path, workers: int, name: str) -> Drained:
    """Let `workers` workers read all prepared files; gives the seconds."""
    containers.up(workers=workers)
    _await(lambda: containers.healthy("worker", workers))
    before = containers.answered_by_worker()
    staged = containers.inbox.parent / name
    shutil.copytree(prepared, staged)
    files = len(os.listdir(staged))
    began = time.time()
    staged.rename(containers.inbox / name)
    # By the workers' logs, as that is cheaper than to ask the ledger.
    _await(lambda: sum(containers.answered_by_worker().values()) == sum(before.values()) + files)
    last = containers.query("SELECT max(recognized_ms) FROM images")[0][0]
    after = containers.answered_by_worker()
    return Drained(float(str(last)) / 1000 - began, [after[worker] - before[worker] for worker in after])


def table(found: dict[int, list[Drained]], files: int) -> str:
    """Give medians and ranges as a Markdown table. Ratios are those of the same turn, to the first."""
    first = next(iter(found.values()))
    lines = [
        "| workers | seconds | files a second | to the first | files a worker |",
        "| --- | --- | --- | --- | --- |",
    ]
    for workers, drained in found.items():
        cells = (
            str(workers),
            _spread([one.seconds for one in drained], 2),
            _spread([files / one.seconds for one in drained], 0),
            _spread([slow.seconds / one.seconds for slow, one in zip(first, drained, strict=True)], 2),
            _spread([share for one in drained for share in one.shares], 0),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: Sequence[float], digits: int) -> str:
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f}-{most:,.{digits}f})"


def _await(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"this did not happen within {PATIENCE} s")
        time.sleep(LOOK_SECONDS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--size", choices=["small", "large"], default="large", help="28x28 or 300x400 pixels")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
