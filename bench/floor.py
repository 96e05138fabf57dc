"""The floor: the same OpenCV and model calls and one insert, in plain processes over the same files, and no queue."""

import multiprocessing
import time
from multiprocessing.synchronize import Barrier

from bench.chunks import Backlog, ChunkReader
from bench.cost import Cost

#: Files read with one call of the model and written with one insert.
BATCH_FILES = 512


def run_floor(backlog: Backlog) -> Cost:
    """Read every file once, shared evenly among the processes."""
    context = multiprocessing.get_context("spawn")
    ready, costs = context.Barrier(backlog.processes + 1), context.Queue()
    paths = backlog.paths()
    shares = [paths[number :: backlog.processes] for number in range(backlog.processes)]
    children = [context.Process(target=_read_share, args=(backlog, share, ready, costs)) for share in shares]
    for child in children:
        child.start()
    ready.wait()
    began = time.perf_counter()
    cpu = sum(costs.get() for _ in children)
    wall = time.perf_counter() - began
    for child in children:
        child.join()
    backlog.require_all_read()
    return Cost(wall, cpu)


def _read_share(backlog: Backlog, paths: list[str], ready: Barrier, costs: "multiprocessing.Queue[float]") -> None:
    reader = ChunkReader(backlog)
    ready.wait()
    began = time.process_time()
    for start in range(0, len(paths), BATCH_FILES):
        reader.read(paths[start : start + BATCH_FILES])
    costs.put(time.process_time() - began)
