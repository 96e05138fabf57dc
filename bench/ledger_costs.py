"""What one use of a ledger costs: writing rows, looking at a folder again, asking."""

import io
import multiprocessing
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench.full_ledger import FILE_BYTES, FILE_SECONDS
from broker.address import Address, address_of
from broker.client import CHUNK_ROWS, Client
from cli.results import show_results
from cli.status import show_status
from db import claims, intake, paths
from db.claims import Answer, DigitRow
from db.engine import Database
from db.intake import SeenFile
from db.queries import Filter
from db.tables import Status
from settings import Settings
from watcher.enqueuer import Enqueuer
from watcher.registrar import Registrar
from watcher.stability import Settling

Found = TypeVar("Found")

#: Chunks written for one figure: with some checkpoints of the database among them.
CHUNKS = 16
#: What is asked of the ledger, by the options that are given to `digits results --limit 20`.
QUESTIONS: dict[str, Callable[[], Filter]] = {
    "": lambda: Filter(limit=20),
    "--status review": lambda: Filter(limit=20, statuses=(Status.REVIEW,)),
    "--status queued, none": lambda: Filter(limit=20, statuses=(Status.QUEUED,)),
    "--digit 7": lambda: Filter(limit=20, digit=7),
    "--min-confidence 0.99": lambda: Filter(limit=20, min_confidence=0.99),
    "--min-confidence 1, none": lambda: Filter(limit=20, min_confidence=1.0),
    "--since 15m": lambda: Filter(limit=20, since_ms=time.time_ns() // 1_000_000 - 900_000),
}
_DIGIT = DigitRow(7, 0.991, (10, 10, 18, 20), (0.001,) * 7 + (0.991,) + (0.001,) * 2)


@dataclass(frozen=True)
class Written:
    """Microseconds a row that writing took: by the clock, and of the processor altogether."""

    register: float
    read: float
    cpu: float


def write_chunks(database: Database) -> Written:
    """Register new files chunk by chunk, claim and answer them."""
    registering = reading = cpu = 0.0
    for _ in range(CHUNKS):
        files = [SeenFile(f"{uuid.uuid4().hex}.png", FILE_BYTES, FILE_SECONDS) for _ in range(CHUNK_ROWS)]
        registered, ids = timed(partial(intake.register, database, "inbox", files))
        read, answered = timed(partial(_claim_and_answer, database, ids))
        registering += registered.wall
        reading += read.wall
        cpu += registered.cpu + read.cpu
        if answered != CHUNK_ROWS:
            raise RuntimeError(f"{answered} of {CHUNK_ROWS} rows were answered")
    scale = 1e6 / CHUNKS / CHUNK_ROWS
    return Written(registering * scale, reading * scale, cpu * scale)


def _claim_and_answer(database: Database, ids: list[int]) -> int:
    token = uuid.uuid4().hex
    taken = claims.claim(database, ids, token).files
    return claims.answer(database, token, [_answer(file.id) for file in taken])


def _answer(row_id: int) -> Answer:
    return Answer(
        row_id, Status.ACCEPTED, reading="7", confidence=0.991, model_version=1, hash="0" * 64, dark_on_light=True,
        digits=(_DIGIT,), written="7",
    )  # fmt: skip


def enqueue(folder: Path, database: Database, address: Address) -> float:
    """Bring all files of a folder in and enqueue them; give files a second."""
    client = Client(address)
    client.enqueue([0])  # connected, as a watcher is
    began = time.perf_counter()
    registered = _registrar(folder, database, client).scan()
    pace = registered / (time.perf_counter() - began)
    client.redis.flushall()
    client.close()
    return pace


def _registrar(folder: Path, database: Database, client: Client) -> Registrar:
    return Registrar(
        os.fsencode(folder),
        database,
        Enqueuer(database, client, paths.folder_text(folder, database.url)),
        Settling(0.5),
    )


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
    database, client = Database(settings.database_url), Client(address_of(settings))
    taken, registered = timed(_registrar(settings.folder, database, client).scan)
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


def fresh(do: Callable[..., Found], *given: Any) -> Found:  # noqa: ANN401 - the arguments of `do`
    """Call a function in a process of its own, after its imports."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(do, given)
