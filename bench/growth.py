"""What a ledger of a million rows costs beside an empty one: `python -m bench.growth`.

Writes are measured in turn on an empty ledger and on the full one, in chunks of the size that travels: files seen for
the first time are registered, then claimed, then answered. A backlog is enqueued as the watcher does it, with a broker.
A rescan, and each question of the command line, runs in a fresh process that has its imports behind it. Names of files
are random, which is the worst order for an index.
"""

import argparse
import io
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import broker
from bench.full_ledger import FILE_BYTES, FILE_SECONDS, empty_ledger, full_ledger, write_files, write_known
from broker import EmbeddedBroker
from cli.results import show_results
from cli.status import show_status
from db import claims, intake
from db.claims import Answer, DigitRow
from db.engine import Database
from db.intake import SeenFile, now_ms
from db.queries import Filter
from db.tables import Status
from settings import Settings
from watcher.intake import Intake
from watcher.reconciler import Reconciler
from watcher.stability import Settling
from worker.client import CHUNK_ROWS, Client

Found = TypeVar("Found")

#: Chunks written for one figure: with some checkpoints of the database among them.
CHUNKS = 16
#: Files in the backlogs that are enqueued: linear means the same pace for each.
BACKLOGS = (10_000, 20_000, 40_000)
#: What is asked of the ledger, by the options that are given to `digits results --limit 20`.
QUESTIONS: dict[str, Callable[[], Filter]] = {
    "": lambda: Filter(limit=20),
    "--status review": lambda: Filter(limit=20, status=Status.REVIEW),
    "--status queued, none": lambda: Filter(limit=20, status=Status.QUEUED),
    "--digit 7": lambda: Filter(limit=20, digit=7),
    "--min-confidence 0.99": lambda: Filter(limit=20, min_confidence=0.99),
    "--min-confidence 1, none": lambda: Filter(limit=20, min_confidence=1.0),
    "--since 15m": lambda: Filter(limit=20, since_ms=now_ms() - 900_000),
}
_DIGIT = DigitRow(7, 0.991, (10, 10, 18, 20), (0.001,) * 7 + (0.991,) + (0.001,) * 2)


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


@dataclass(frozen=True)
class Written:
    """Microseconds a row that writing took."""

    register: float
    read: float


def write_chunks(database: Database) -> Written:
    """Register new files chunk by chunk, claim and answer them."""
    registering = reading = 0.0
    for _ in range(CHUNKS):
        files = [SeenFile(f"{uuid.uuid4().hex}.png", FILE_BYTES, FILE_SECONDS) for _ in range(CHUNK_ROWS)]
        began = time.perf_counter()
        ids = intake.register(database, "inbox", files)
        registered = time.perf_counter()
        token = uuid.uuid4().hex
        taken = claims.claim(database, ids, token).files
        answered = claims.answer(database, token, [_answer(file.id) for file in taken])
        reading += time.perf_counter() - registered
        registering += registered - began
        if answered != CHUNK_ROWS:
            raise RuntimeError(f"{answered} of {CHUNK_ROWS} rows were answered")
    scale = 1e6 / CHUNKS / CHUNK_ROWS
    return Written(registering * scale, reading * scale)


def _answer(row_id: int) -> Answer:
    return Answer(
        row_id, Status.ACCEPTED, reading="7", confidence=0.991, model_version=1, hash="0" * 64, dark_on_light=True,
        digits=(_DIGIT,),
    )  # fmt: skip


def enqueue(folder: Path, database: Database, url: str) -> float:
    """Bring all files of a folder in and ring for them; give files a second."""
    client = Client(url)
    client.ring([0])  # connected, as a watcher is
    began = time.perf_counter()
    registered = _intake(folder, database, client).scan()
    pace = registered / (time.perf_counter() - began)
    client.redis.flushall()
    client.close()
    return pace


def _intake(folder: Path, database: Database, client: Client) -> Intake:
    return Intake(os.fsencode(folder), database, Reconciler(database, client), Settling(0.5))


@dataclass(frozen=True)
class Taken:
    """Seconds that something took by the clock, and of the processor: the same where nothing else runs."""

    wall: float
    cpu: float


def timed(do: Callable[[], Found]) -> tuple[Taken, Found]:
    """Do something once."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = do()
    return Taken(time.perf_counter() - wall, time.process_time() - cpu), found


@dataclass(frozen=True)
class Rescan:
    """What a look at all known files took, and the most MB its process ever held."""

    taken: Taken
    peak_mb: float


def rescan(settings: Settings) -> Rescan:
    """Look at the whole folder. Raises RuntimeError unless the ledger knows every file in it."""
    database, client = Database(settings.database_url), Client(broker.embedded_url(settings.var_dir))
    taken, registered = timed(_intake(settings.folder, database, client).scan)
    if registered:
        raise RuntimeError(f"{registered} files were not known")
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return Rescan(taken, int(peak[1]) * 1024 / 1e6 if peak else float("nan"))


def ask(settings: Settings, options: str | None) -> Taken:
    """Let `digits results` with such options, or `digits status` for None, write its answer."""
    import rich.console  # noqa: PLC0415 - start-up: the commands import it when they first write
    import rich.table  # noqa: PLC0415, F401 - likewise

    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        if options is None:
            return timed(lambda: show_status(settings))[0]
        return timed(lambda: show_results(settings, QUESTIONS[options](), "table"))[0]


def command(settings: Settings, *arguments: str) -> float:
    """Run a whole `digits` command; give milliseconds."""
    given = {"DIGITS_DATABASE_URL": settings.database_url, "DIGITS_MODEL_DIR": str(settings.model_dir)}
    environment = {**os.environ, **given, "DIGITS_VAR_DIR": str(settings.var_dir)}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return 1000 * (time.perf_counter() - began)


def fresh(do: Callable[..., Found], *given: Any) -> Found:  # noqa: ANN401 - whatever `do` takes
    """Call a function in a process of its own, after its imports."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(do, given)


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


def measure(place: Place, url: str, figures: Figures) -> None:
    """Take every figure once."""
    full = Database(place.settings.database_url)
    with place.new_ledger() as empty:
        light, heavy = write_chunks(empty), write_chunks(full)
    for name in ("register", "read"):
        figures.add(f"{name}, empty", getattr(light, name))
        figures.add(f"{name}, full", getattr(heavy, name))
        figures.add(f"{name}, ratio", getattr(heavy, name) / getattr(light, name))
    full.close()
    for count in BACKLOGS:
        with place.new_ledger() as empty:
            figures.add(f"enqueue {count}", enqueue(place.root / str(count), empty, url))
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
    for name, label in (("register", "register a new file, us"), ("read", "claim and answer it, us")):
        target = f"at most twice: {shown(f'{name}, ratio', 2)}"
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
                measure(place, server.url, figures)
        finally:
            server.stop()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {given.runs} runs: median (min-max)")
    report(place, figures)


if __name__ == "__main__":
    main()
