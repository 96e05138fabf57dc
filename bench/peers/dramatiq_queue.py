"""dramatiq: a message for each chunk, on a private Redis, for its own worker program with a thread a process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.chunks import Backlog, ChunkReader
from bench.cost import Cost, measured
from broker.server import EmbeddedBroker

#: Where the worker program finds its backlog: it takes no arguments for the program it runs.
_BACKLOG = "BENCH_BACKLOG"


def run(backlog: Backlog) -> Cost:
    """Read the backlog; the clock starts when all workers have their model."""
    server = EmbeddedBroker(backlog.place / "var")
    server.ensure()
    given = {field: str(value) for field, value in vars(backlog).items()}
    os.environ[_BACKLOG] = json.dumps({**given, "url": server.url.replace("redis+socket://", "unix://", 1)})
    options = ["--processes", str(backlog.processes), "--threads", "1"]
    workers = subprocess.Popen([sys.executable, "-m", "dramatiq", f"{__name__}:serve", *options])
    try:
        backlog.wait_until_ready()
        return measured(lambda: _send_and_wait(backlog))
    finally:
        workers.terminate()
        workers.wait(30)
        server.stop()


def _send_and_wait(backlog: Backlog) -> None:
    read_chunk = _actor(None)
    for chunk in backlog.register():
        read_chunk.send(chunk)
    backlog.wait_until_read()


def serve() -> None:
    """Load the model and listen: what the worker program calls in each of its processes."""
    given = json.loads(os.environ[_BACKLOG])
    paths = {name: Path(given[name]) for name in ("folder", "place", "model_dir")}
    _actor(ChunkReader(Backlog(**paths, runtime=given["runtime"], processes=int(given["processes"]))))


def _actor(reader: ChunkReader | None) -> "dramatiq.Actor[[list[str]], None]":
    """Declare the task on the backlog's broker; whoever only sends needs no reader."""
    dramatiq.set_broker(RedisBroker(url=json.loads(os.environ[_BACKLOG])["url"]))

    def read_chunk(paths: list[str]) -> None:
        if reader:
            reader.read(paths)

    return dramatiq.actor(read_chunk, max_retries=0)
