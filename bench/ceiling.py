"""What each image costs Redis, PostgreSQL, a worker and the watcher: `python -m bench.ceiling --help`.

Both servers must run on this machine, as their processes are watched, and be reached by TCP, as connections are counted
by port; nobody else may use the Redis. A database is made for each run and dropped again. A backlog is a folder of
MNIST's test digits that is moved in at once and enqueued in chunks; drops come one by one, each in its own message.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL

from bench.mnist_folder import write_mnist
from bench.processes import wait_for
from broker.address import Address
from broker.client import Client
from broker.presence import present
from db import queries
from db.engine import Database
from db.migrate import migrate
from settings import Settings

#: Seconds between two drops: far more than one takes.
PAUSE = 0.02
#: Seconds in which nothing happens.
IDLE_SECONDS = 20
PARTS = {"watcher": ["watch"], "worker": ["worker"]}
#: What is counted, and how many decimals are worth showing.
COLUMNS = {
    "messages": 0, "Redis commands": 0, "Redis KB": 0, "Redis CPU s": 2, "PostgreSQL CPU s": 2, "worker CPU s": 2,
    "watcher CPU s": 2,
}  # fmt: skip


class Inbox:
    """A watcher and a worker on the two servers."""

    def __init__(self, place: Path, ledger: URL, redis_url: str, workers: int, model_dir: Path) -> None:
        self.folder = place / "inbox"
        self.folder.mkdir()
        client = Client(Address(redis_url, Settings().redis_namespace))
        self.redis = client.redis
        self.database = Database(ledger.render_as_string(hide_password=False))
        migrate(self.database)
        with self.database.reading() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        self._server = psutil.Process(psutil.Process(backend).ppid())
        environment = os.environ | {
            "DIGITS_DATABASE_URL": ledger.render_as_string(hide_password=False),
            "DIGITS_REDIS_URL": redis_url,
            "DIGITS_FOLDER": str(self.folder),
            "DIGITS_MODEL_DIR": str(model_dir.resolve()),
            "DIGITS_RUNTIME": "litert",
            "DIGITS_WORKERS": str(workers),
            "PYTHONPATH": os.getcwd(),
        }
        with (place / "log").open("wb") as log:
            self.parts = {
                name: psutil.Popen(
                    [sys.executable, "-P", "-m", "cli.main", *part], cwd=place, env=environment, stdout=log, stderr=log
                )
                for name, part in PARTS.items()
            }
        wait_for(lambda: len([one for one in present(client) or [] if one.doing != "no model"]) == workers + 1)

    def counters(self) -> dict[str, float]:
        """Give what was counted since the servers and the parts began."""
        cpu, stats = self.redis.info("cpu"), self.redis.info("stats")
        pushed = self.redis.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"]
        return {
            "messages": pushed,
            "Redis commands": stats["total_commands_processed"],
            "Redis KB": (stats["total_net_input_bytes"] + stats["total_net_output_bytes"]) / 1e3,
            "Redis CPU s": cpu["used_cpu_sys"] + cpu["used_cpu_user"],
            "PostgreSQL CPU s": _tree_seconds(self._server),
            **{f"{name} CPU s": _tree_seconds(part) for name, part in self.parts.items()},
        }

    def wait_until_read(self, files: int) -> None:
        """Wait until `files` files have their row, and none waits."""
        wait_for(lambda: (found := queries.balance(self.database)).seen == files and not found.waiting, pause=0.5)

    def connections(self, port: int) -> dict[str, int]:
        """Count each part's open connections to a server."""
        return {
            name: sum(
                1
                for process in [part, *part.children(recursive=True)]
                for one in process.net_connections("tcp")
                if one.raddr and one.raddr.port == port
            )
            for name, part in self.parts.items()
        }

    def end(self) -> None:
        """End the parts."""
        for part in self.parts.values():
            part.send_signal(signal.SIGTERM)
        for part in self.parts.values():
            part.wait(60)
        self.database.close()


def _tree_seconds(root: psutil.Process) -> float:
    """CPU seconds of a process, of those below it, and of those that ended there."""
    times = root.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    return float(own + sum(_tree_seconds(child) for child in root.children()))


@contextmanager
def new_database(url: URL) -> Iterator[URL]:
    """Make a database beside the one of the URL; drops it at the end."""
    ledger = url.set(database=f"ceiling_{os.getpid()}")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {ledger.database}"))
        yield ledger
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {ledger.database} WITH (FORCE)"))
        engine.dispose()


def measure(inbox: Inbox, place: Path, files: int, drops: int) -> Iterator[tuple[str, float, Mapping[str, float]]]:
    """Give a title, by how many images (or seconds) to divide, and what was counted: idle, a backlog, drops."""
    before = inbox.counters()
    time.sleep(IDLE_SECONDS)
    yield "idle, an hour", IDLE_SECONDS / 3600, _less(inbox.counters(), before)
    write_mnist(place / "backlog", files)
    write_mnist(place / "drops", drops)
    before = inbox.counters()
    (place / "backlog").rename(inbox.folder / "backlog")
    inbox.wait_until_read(files)
    yield "backlog, 10,000 images", files / 10_000, _less(inbox.counters(), before)
    before = inbox.counters()
    for picture in sorted((place / "drops").iterdir()):
        picture.rename(inbox.folder / picture.name)
        time.sleep(PAUSE)
    inbox.wait_until_read(files + drops)
    yield "drops, 10,000 images", drops / 10_000, _less(inbox.counters(), before)


def _less(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def main() -> None:
    """Measure; print the open files, and a table of medians and ranges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database-url", required=True, help="a PostgreSQL that lets us make a database")
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--drops", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2, help="reading processes")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    given = parser.parse_args()
    url = make_url(given.database_url)
    ports = {"PostgreSQL": url.port or 5432, "Redis": make_url(given.redis_url).port or 6379}
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(given.runs):
        with new_database(url) as ledger, tempfile.TemporaryDirectory() as name:
            inbox = Inbox(Path(name), ledger, given.redis_url, given.workers, given.model_dir)
            try:
                for title, share, counted in measure(inbox, Path(name), given.files, given.drops):
                    for column, value in counted.items():
                        found[title][column].append(value / share)
                print(f"open: { ({server: inbox.connections(port) for server, port in ports.items()}) }", flush=True)
            finally:
                inbox.end()
    print(f"{given.runs} runs, {given.workers} reading processes, LiteRT, {os.cpu_count()} cores; median (range)")
    for column, decimals in COLUMNS.items():
        cells = [_cell(values[column], decimals) for values in found.values()]
        print(f"{column:<17}" + "".join(f"{cell:>30}" for cell in cells))
    print(" " * 17 + "".join(f"{title:>30}" for title in found))


def _cell(values: list[float], decimals: int) -> str:
    low, middle, high = (f"{value:,.{decimals}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}-{high})"


if __name__ == "__main__":
    main()
