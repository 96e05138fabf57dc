"""Ray Data: a dataset of paths, mapped in batches by actors that hold the model and write their rows themselves."""

import os
import shutil
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import ray
import ray.data
from numpy.typing import NDArray

from bench.chunks import CHUNK_FILES, Backlog, ChunkReader
from bench.cost import Cost, measured
from bench.processes import wait_for

Batch = dict[str, NDArray[np.generic]]


def run(backlog: Backlog) -> Cost:
    """Read the backlog; the clock starts when all actors have their model."""
    scratch = tempfile.mkdtemp(prefix="ray")  # short: Ray puts unix sockets deep below it
    ray.init(
        num_cpus=backlog.processes,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=scratch,
        log_to_driver=False,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        with ThreadPoolExecutor(1) as driver:
            reading = driver.submit(_dataset(backlog).materialize)
            backlog.wait_until_ready()
            cost = measured(lambda: _go(backlog, reading), apart=backlog.announced())
        return Cost(cost.wall, cost.cpu + _actors_seconds(reading.result()))
    finally:
        ray.shutdown()
        shutil.rmtree(scratch, ignore_errors=True)


def _dataset(backlog: Backlog) -> "ray.data.Dataset":
    """Describe the work; nothing runs yet."""
    chunks = backlog.chunks()
    paths = [{"path": path} for chunk in chunks for path in chunk]
    return ray.data.from_items(paths, override_num_blocks=len(chunks)).map_batches(
        _Reader,
        fn_constructor_args=(backlog,),
        batch_size=CHUNK_FILES,
        compute=ray.data.ActorPoolStrategy(size=backlog.processes),
    )


def _go(backlog: Backlog, reading: "Future[ray.data.Dataset]") -> None:
    backlog.register()
    _gate(backlog).touch()
    reading.result()


def _actors_seconds(done: "ray.data.Dataset") -> float:
    """Sum up what the actors said of themselves: Ray ends them with the work, before anybody else can ask."""
    latest: dict[int, float] = {}
    for row in done.take_all():
        latest[row["process"]] = max(latest.get(row["process"], 0.0), row["cpu"])
    return sum(latest.values())


def _gate(backlog: Backlog) -> Path:
    return backlog.place / "go"


class _Reader:
    """An actor. Ray Data starts its actors with the work: they wait at the gate until all have their model."""

    def __init__(self, backlog: Backlog) -> None:
        self._reader = ChunkReader(backlog)
        wait_for(_gate(backlog).exists, pause=0.002)
        self._began = time.process_time()

    def __call__(self, batch: Batch) -> Batch:
        self._reader.read(batch["path"].tolist())
        return {"process": np.array([os.getpid()]), "cpu": np.array([time.process_time() - self._began])}
