"""multiprocessing.Pool: chunks of paths to processes that hold the model and write their rows themselves."""

import multiprocessing
from collections import deque

from bench.chunks import Backlog, ChunkReader
from bench.cost import Cost, measured

_readers: list[ChunkReader] = []


def run(backlog: Backlog) -> Cost:
    """Read the backlog; the clock starts when all processes have their model."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(backlog.processes, initializer=_open_reader, initargs=(backlog,)) as pool:
        backlog.wait_until_ready()
        return measured(lambda: deque(pool.imap_unordered(_read_chunk, backlog.register()), maxlen=0))


def _open_reader(backlog: Backlog) -> None:
    _readers.append(ChunkReader(backlog))


def _read_chunk(paths: list[str]) -> None:
    _readers[0].read(paths)
