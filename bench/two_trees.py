"""Another tree of this project beside this one, on the same files in turn: `python -m bench.two_trees OTHER_TREE`.

`git worktree add --detach OTHER_TREE VERSION` makes the other tree. Each runs with its own `.venv` if it has one, and
with the model that it ships. A backlog is read by `digits run --once`, start-up left out, as in `bench.throughput`.
Then single files are dropped while all is idle, as in `bench.latency`.
"""

import argparse
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.chunks import Backlog
from bench.comparison import Comparison, spread
from bench.cost import Cost
from bench.inbox import Tree, run_inbox, watching
from bench.latency import drop
from bench.mnist_folder import write_mnist
from bench.reading import rows
from recognizer.installed import RuntimeName
from recognizer.opencv import cv2

OTHER, THIS = "the other tree", "this tree"
RUNTIME: RuntimeName = "litert"


def write_rows(folder: Path, count: int) -> None:
    """Write rows of eight of MNIST's test digits."""
    folder.mkdir()
    for number, picture in enumerate(rows(count, seed=2)):
        (folder / f"{number:05d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())


#: How the files of each kind are written.
KINDS: dict[str, Callable[[Path, int], None]] = {
    "28x28 pixels": write_mnist,
    "300x400 pixels": partial(write_mnist, size="large"),
    "a row of eight digits": write_rows,
}


def compare(trees: dict[str, Path], folder: Path, kind: str, place: Path, given: argparse.Namespace) -> Comparison:
    """Read a folder with both trees in turn."""
    files = len(os.listdir(folder))
    comparison = Comparison(
        f"{files:,} files, {kind}, {given.processes} reading processes, {given.runs} runs in turn",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {RUNTIME}",
        files,
        THIS,
    )

    def run(root: Path, own: Path) -> Cost:
        return run_inbox(Backlog(folder, own, root / "model", RUNTIME, given.processes), root)

    comparison.run_in_turn({name: partial(run, root) for name, root in trees.items()}, place, given.runs)
    return comparison


def latencies(trees: dict[str, Path], images: list[bytes], place: Path, runs: int) -> dict[str, list[list[float]]]:
    """Drop the images one by one with each tree in turn; give p50 and p95 of each run, in milliseconds."""
    found: dict[str, list[list[float]]] = {name: [] for name in trees}
    for number in range(runs):
        for position, (name, root) in enumerate(trees.items()):
            own = place / f"{position}-{number}"
            own.mkdir(parents=True)
            with watching(Tree(root), own, images[0], root / "model", RUNTIME) as ledger:
                taken = [drop(own / "inbox" / f"{one}.png", data, ledger) for one, data in enumerate(images)]
            cuts = statistics.quantiles(taken, n=100)
            found[name].append([cuts[49], cuts[94]])
    return found


def main() -> None:
    """Measure and print."""
    given = _arguments()
    trees = {OTHER: given.other.resolve(), THIS: Path.cwd()}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folders = {"of a folder": given.folder.resolve()} if given.folder else {}
        for number, kind in enumerate(KINDS if given.files else ()):
            folders[kind] = place / f"files-{number}"
            KINDS[kind](folders[kind], given.files)
        for number, (kind, folder) in enumerate(folders.items()):
            own = place / f"runs-{number}"
            own.mkdir()
            print(f"\n{compare(trees, folder, kind, own, given).table()}\n", flush=True)
        if given.drops:
            write_mnist(place / "drops", given.drops)
            images = [path.read_bytes() for path in sorted((place / "drops").iterdir())]
            for tree, found in latencies(trees, images, place / "latency", given.runs).items():
                p50, p95 = (spread(values, 1) for values in zip(*found, strict=True))
                print(f"{tree}: {given.drops} files dropped one by one: p50 {p50} ms, p95 {p95} ms")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, metavar="OTHER_TREE")
    parser.add_argument("--files", type=int, default=10_000, help="files of each kind; 0 leaves them out")
    parser.add_argument("--folder", type=Path, help="pictures of your own, as a kind more")
    parser.add_argument("--drops", type=int, default=300, help="files dropped one by one; 0 leaves them out")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
