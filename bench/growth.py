"""What a ledger of a million rows costs beside an empty one: `python -m bench.growth`.

Writes are measured in turn on an empty ledger and on the full one, in chunks of the usual size: files seen for
the first time are registered, then claimed, then answered. A backlog is enqueued as the watcher does it, with a broker.
A rescan, and each question of the command line, runs in a fresh process that has its imports behind it. Names of files
are random, which is the worst order for an index.
"""

import argparse
import os
import platform
import statistics
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.full_ledger import empty_ledger, full_ledger, write_files, write_known
from bench.ledger_costs import QUESTIONS, ask, command, enqueue, fresh, rescan, write_chunks
from broker.address import address_of
from broker.server import EmbeddedBroker
from db.engine import Database
from settings import Settings

#: Files in the backlogs that are enqueued: linear means the same pace for each.
BACKLOGS = (10_000, 20_000, 40_000)


@dataclass(frozen=True)
class Place:
    """Where all is measured: a full ledger, the folder it knows, backlogs beside it, and a broker."""

    root: Path
    model_dir: Path
    rows: int
    known: int

    @property
    def folder(self) -> Path:
        """The folder of the known files."""
        return self.root / "inbox"

    @property
    def settings(self) -> Settings:
        """Settings of a command that asks the full ledger."""
        url = f"sqlite:///{self.root / 'full.db'}"
        return Settings(database_url=url, folder=self.folder, model_dir=self.model_dir, var_dir=self.root / "var")

    def make(self) -> None:
        """Write ledger and files."""
        full = full_ledger(self.root / "full.db", self.folder, self.rows)
        write_known(full, self.folder, self.known)
        full.close()
        for count in BACKLOGS:
            write_files(self.root / str(count), [f"{uuid.uuid4().hex}.png" for _ in range(count)])

    @contextmanager
    def new_ledger(self) -> Iterator[Database]:
        """Give a ledger without rows, which is removed afterwards."""
        database = empty_ledger(self.root / "new.db")
        yield database
        database.close()
        for file in self.root.glob("new.db*"):
            file.unlink()


class Figures:
    """All that was measured, by name, once a run."""

    def __init__(self) -> None:
        self._found: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        """Keep one more value."""
        self._found.setdefault(name, []).append(value)

    def shown(self, name: str, places: int = 0) -> str:
        """Write median and range."""
        values = self._found[name]
        return f"{statistics.median(values):,.{places}f} ({min(values):,.{places}f}-{max(values):,.{places}f})"


def measure(place: Place, figures: Figures) -> None:
    """Take every figure once."""
    full = Database(place.settings.database_url)
    with place.new_ledger() as empty:
        light, heavy = write_chunks(empty), write_chunks(full)
    for name in ("register", "read", "cpu"):
        figures.add(f"{name}, empty", getattr(light, name))
        figures.add(f"{name}, full", getattr(heavy, name))
        figures.add(f"{name}, ratio", getattr(heavy, name) / getattr(light, name))
    full.close()
    for count in BACKLOGS:
        with place.new_ledger() as empty:
            figures.add(f"enqueue {count}", enqueue(place.root / str(count), empty, address_of(place.settings)))
    looked = fresh(rescan, place.settings)
    figures.add("rescan", looked.taken.wall)
    figures.add("rescan, cpu", looked.taken.cpu)
    figures.add("rescan, MB", looked.peak_mb)
    for options in (*QUESTIONS, None):
        taken = fresh(ask, place.settings, options)
        figures.add(f"ask {options}", 1000 * taken.wall)
        figures.add(f"ask {options}, cpu", 1000 * taken.cpu)
    figures.add("whole results", command(place.settings, "results", "--limit", "20"))
    figures.add("whole status", command(place.settings, "status"))


def report(place: Place, figures: Figures) -> None:
    """Print the table."""
    shown = figures.shown
    line = partial("{:<45}{:>22}{:>22}{:>20}  {}".format)
    print(line("", "empty", f"{place.rows:,} rows", "of the processor", "target"))
    for name, label, most in (
        ("register", "register a new file, us", "twice"),
        ("read", "claim and answer it, us", "twice"),
        ("cpu", "  both, us of the processor", "35, and 1.3 times"),
    ):
        target = f"at most {most}: {shown(f'{name}, ratio', 2)}"
        print(line(label, shown(f"{name}, empty"), shown(f"{name}, full"), "", target))
    for count in BACKLOGS:
        print(line(f"enqueue {count:,} files, files/s", shown(f"enqueue {count}"), "", "", "the same for each"))
    print(line(f"rescan {place.known:,} known files, s", "", shown("rescan", 2), shown("rescan, cpu", 2), "under 2"))
    print(line("  most memory of its process, MB", "", shown("rescan, MB"), "", "under 200"))
    for options in (*QUESTIONS, None):
        label = "status, ms" if options is None else f"results --limit 20 {options}".strip() + ", ms"
        print(line(label, "", shown(f"ask {options}"), shown(f"ask {options}, cpu"), "under 100"))
    print(line("`digits results --limit 20`, start to end, ms", "", shown("whole results"), "", ""))
    print(line("`digits status`, start to end, ms", "", shown("whole status"), "", ""))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--known", type=int, default=100_000, help="files that are looked at again")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    given = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name), given.model_dir.resolve(), given.rows, given.known)
        place.make()
        server = EmbeddedBroker(place.settings.var_dir)
        server.ensure()
        try:
            for _ in range(given.runs):
                measure(place, figures)
        finally:
            server.stop()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {given.runs} runs: median (min-max)")
    report(place, figures)


if __name__ == "__main__":
    main()
