"""Throughput of a backlog beside the floor and other ways to do it, in alternating runs: `python -m bench.throughput`.

Digit Inbox is `digits run --once`, from the scan of the folder to the printed table; what it takes for a single file is
taken off, as start-up is left out on all sides. The floor and the peers use the same model and runtime; the peers write
a row for each file before the work and answer it, the floor only inserts. The files are MNIST's test digits.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.chunks import Backlog
from bench.comparison import Comparison
from bench.cost import Cost
from bench.floor import run_floor
from bench.inbox import run_inbox
from bench.mnist_folder import write_mnist
from bench.peers import PEERS, run_peer

FLOOR, INBOX = "plain loop, the floor", "Digit Inbox"


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

        def in_place(run: Callable[[Backlog], Cost], place: Path) -> Cost:
            return run(Backlog(folder, place, given.model_dir.resolve(), given.runtime, given.processes))

        comparison.run_in_turn({title: partial(in_place, run) for title, run in chosen.items()}, Path(name), given.runs)
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
