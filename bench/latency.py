"""Latency of one file dropped while all is idle, from its close to its committed row: `python -m bench.latency`.

The floor beside it is the recognizer alone on the same file, in this process: open, prepare, model, one insert.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from bench.inbox import is_answered
from bench.mnist_folder import write_mnist
from bench.processes import digits_run
from db.engine import Database
from recognizer.installed import RuntimeName
from recognizer.model import load_model
from recognizer.reader import prepare_file, read
from recognizer.versions import active_version

_INSERT = text("INSERT INTO readings VALUES (:path, :reading)")


def measure_inbox(images: list[bytes], model_dir: Path, place: Path, runtime: RuntimeName) -> list[float]:
    """Drop the images one by one; give the milliseconds until each has its row."""
    with digits_run(place, model_dir, 1, runtime) as running:
        path = running.database.url.database or ""
        reader = sqlite3.connect(path, isolation_level=None)
        return [drop(running.folder / f"{number}.png", data, reader) for number, data in enumerate(images)]


def drop(path: Path, data: bytes, reader: sqlite3.Connection) -> float:
    """Drop a file; give the milliseconds until it has its row."""
    time.sleep(0.05)  # idle again
    path.write_bytes(data)
    began = time.perf_counter()
    commits = None
    while True:
        # asking for the row each time would keep a core from those who are measured
        seen, commits = commits, reader.execute("PRAGMA data_version").fetchone()
        if seen != commits and is_answered(reader, path.name):
            return 1000 * (time.perf_counter() - began)
        time.sleep(0.0002)


def measure_floor(images: list[bytes], model_dir: Path, place: Path, runtime: RuntimeName) -> list[float]:
    """Read the images one by one in this process; give the milliseconds each took."""
    model = load_model(model_dir, active_version(model_dir), runtime)
    database = Database(f"sqlite:///{place / 'floor.db'}")
    database.prepare_folder()
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE readings (path TEXT, reading TEXT)"))
    taken = []
    for number, data in enumerate(images):
        path = place / f"{number}.png"
        path.write_bytes(data)
        began = time.perf_counter()
        reading = read([prepare_file(bytes(path)).prepared], model)[0]
        with database.writing() as connection:
            connection.execute(_INSERT, {"path": path.name, "reading": reading.text})
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drops", type=int, default=300)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    parser.add_argument("--runtime", choices=("litert", "keras"), default="litert")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source, places = Path(name) / "images", [Path(name) / "floor", Path(name) / "inbox"]
        write_mnist(source, given.drops)
        for place in places:
            place.mkdir()
        images = [path.read_bytes() for path in sorted(source.iterdir())]
        for label, taken in (
            ("recognizer alone", measure_floor(images, given.model_dir, places[0], given.runtime)),
            ("Digit Inbox", measure_inbox(images, given.model_dir, places[1], given.runtime)),
        ):
            cuts = statistics.quantiles(taken, n=100)
            figures = f"p50 {cuts[49]:6.1f} ms   p95 {cuts[94]:6.1f} ms   max {max(taken):6.1f} ms"
            print(f"{label:<18} {figures}   ({len(taken)} drops)")


if __name__ == "__main__":
    main()
