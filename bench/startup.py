"""Time what starts, and weigh what runs, beside the targets for both: `python -m bench.startup`.

Commands are timed from their start to their end, on a ledger that holds the readings of the sample images. A worker is
timed from the start of its first process until it says that it holds its model, while the other parts of `digits run`
start beside it. Memory is taken after a backlog of MNIST's test images: the sum of each process's proportional share
(PSS), in which what several processes share counts once. Where other programs hold the same libraries, a training its
TensorFlow, that share is smaller than it would be alone: beside it stands what is resident (RSS), which counts all of
it in each process. A worker is a `digits worker` with one reading process. What a process holds that has imported Keras
and TensorFlow, and nothing else, stands beside them.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import psutil

from bench.mnist_folder import write_mnist
from bench.processes import digits_run, wait_for
from db import queries
from recognizer.installed import RuntimeName

COMMANDS = (("--help",), ("results",), ("status",))
#: Seconds that a start may take, and megabytes (PSS) that a part may hold.
MOST_SECONDS = {"digits --help": 0.4, "digits results": 0.4, "litert worker, ready": 1.5}
MOST_MEMORY = {"keras worker": 650, "litert worker": 200, "watcher": 80}
#: What a worker's processes are, by a word of their command lines.
_KINDS = {"cli.main": "Celery's parent", "spawn_main": "reading process", "tracker": "resource tracker"}

Runs = defaultdict[str, list[float]]


@dataclass(frozen=True)
class Figures:
    """What each run gave: seconds on the clock and of the processor, and megabytes, shared and resident."""

    wall: Runs = field(default_factory=lambda: Runs(list))
    cpu: Runs = field(default_factory=lambda: Runs(list))
    pss: Runs = field(default_factory=lambda: Runs(list))
    rss: Runs = field(default_factory=lambda: Runs(list))

    def weigh(self, name: str, processes: Sequence[psutil.Process]) -> None:
        """Take the memory of some processes together, as Linux gives it in /proc/PID/smaps_rollup."""
        sizes = [process.memory_full_info() for process in processes]
        self.pss[name].append(sum(size.pss for size in sizes) / 1e6)
        self.rss[name].append(sum(size.rss for size in sizes) / 1e6)


def time_commands(place: Path, model_dir: Path, figures: Figures) -> None:
    """Run each command once in `place`, where a ledger is."""
    for arguments in COMMANDS:
        before, began = _children_cpu(), time.perf_counter()
        _digits(arguments, place, model_dir)
        name = f"digits {arguments[0]}"
        figures.wall[name].append(time.perf_counter() - began)
        figures.cpu[name].append(_children_cpu() - before)


def _digits(arguments: Sequence[str], place: Path, model_dir: Path) -> None:
    environment = {**os.environ, "DIGITS_MODEL_DIR": str(model_dir.resolve()), "PYTHONPATH": os.getcwd()}
    subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments], cwd=place, env=environment, check=True, capture_output=True
    )


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def weigh_run(backlog: Path, model_dir: Path, runtime: RuntimeName, figures: Figures) -> None:
    """Start a Digit Inbox with one reading process, let it read `backlog`, and weigh its parts."""
    files, name = sum(1 for _ in backlog.iterdir()), f"{runtime} worker"
    with tempfile.TemporaryDirectory() as place, digits_run(Path(place), model_dir, 1, runtime) as running:
        watcher, parent = (_part(running.process, part) for part in ("watch", "worker"))
        worker = [parent, *parent.children(recursive=True)]
        figures.wall[f"{name}, ready"].append(running.ready_at - _started_at(parent))
        figures.cpu[f"{name}, ready"].append(sum(sum(one.cpu_times()[:2]) for one in worker))
        shutil.copytree(backlog, running.folder / "backlog")
        wait_for(lambda: (balance := queries.balance(running.database)).seen == files and not balance.waiting)
        figures.weigh(name, worker)
        for kind in _KINDS.values():
            figures.weigh(f"{name}: {kind}", [one for one in worker if _kind(one) == kind])
        figures.weigh("watcher", [watcher])


def weigh_import(figures: Figures) -> None:
    """Give the memory of a process that has only imported Keras and TensorFlow."""
    code = "import keras; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()  # type: ignore[union-attr]  # it has a pipe
        figures.weigh("keras alone, imported", [psutil.Process(process.pid)])


def _part(run: psutil.Process, name: str) -> psutil.Process:
    return next(part for part in run.children() if ["cli.main", name] == part.cmdline()[3:5])


def _started_at(process: psutil.Process) -> float:
    """Seconds since the machine started; since 1970 they are known to whole seconds only."""
    return process.create_time() - psutil.boot_time()


def _kind(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    return next(kind for word, kind in _KINDS.items() if word in line)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--command-runs", type=int, default=15)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    given = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        place, backlog = Path(name) / "place", Path(name) / "backlog"
        shutil.copytree("digits", place / "digits")
        _digits(["run", "--once"], place, given.model_dir)
        for _ in range(given.command_runs):
            time_commands(place, given.model_dir, figures)
        write_mnist(backlog, given.files)
        for _ in range(given.runs):
            weigh_import(figures)
            for runtime in get_args(RuntimeName):
                weigh_run(backlog, given.model_dir, runtime, figures)
    _show(figures, given.files)


def _show(figures: Figures, files: int) -> None:
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, medians (min-max)")
    print(f"{'seconds':<34}{'wall':>20}{'CPU':>20}{'target':>8}")
    for what, wall in figures.wall.items():
        target = MOST_SECONDS.get(what, "")
        print(f"{what:<34}{_spread(wall, 2):>20}{_spread(figures.cpu[what], 2):>20}{target:>8}")
    print(f"{f'MB after {files:,} images':<34}{'PSS':>20}{'RSS':>20}{'target':>8}")
    for what, sizes in sorted(figures.pss.items()):
        print(f"{what:<34}{_spread(sizes):>20}{_spread(figures.rss[what]):>20}{MOST_MEMORY.get(what, ''):>8}")


def _spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


if __name__ == "__main__":
    main()
