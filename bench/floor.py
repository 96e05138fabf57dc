"""The floor: the same OpenCV and model calls and one insert, in plain processes over the same files, and no queue."""

import json
import multiprocessing
import os
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import text

#: Files read with one call of the model and written with one insert.
BATCH_FILES = 512


@dataclass(frozen=True)
class Cost:
    """What reading a folder took, start-up left out: seconds of wall clock, seconds of CPU over all processes."""

    wall: float
    cpu: float


def run_floor(folder: Path, model_dir: Path, place: Path, processes: int = 2) -> Cost:
    """Read every file of `folder` once, shared evenly among the processes."""
    context = multiprocessing.get_context("spawn")
    ready, costs = context.Barrier(processes + 1), context.Queue()
    paths = sorted(os.fsencode(path) for path in folder.iterdir())
    children = [
        context.Process(target=_read_share, args=(paths[number::processes], model_dir, place, ready, costs))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    ready.wait()
    began = time.perf_counter()
    cpu = sum(costs.get() for _ in children)
    wall = time.perf_counter() - began
    for child in children:
        child.join()
    return Cost(wall, cpu)


def _read_share(
    paths: list[bytes], model_dir: Path, place: Path, ready: Barrier, costs: "multiprocessing.Queue[float]"
) -> None:
    from db.engine import Database  # noqa: PLC0415 - in the child, before the clock starts
    from recognizer.model import active_version, load_model  # noqa: PLC0415
    from recognizer.reader import prepare_file, read  # noqa: PLC0415

    model = load_model(model_dir, active_version(model_dir))
    database = Database(f"sqlite:///{place / 'floor.db'}")
    with database.writing() as connection:
        columns = "path TEXT, reading TEXT, confidence REAL, all10 TEXT"
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS readings ({columns})"))
    insert = text("INSERT INTO readings VALUES (:path, :reading, :confidence, :all10)")
    ready.wait()
    began = time.process_time()
    for start in range(0, len(paths), BATCH_FILES):
        batch = paths[start : start + BATCH_FILES]
        readings = read([prepare_file(path).prepared for path in batch], model)
        rows = [
            {
                "path": path.decode(),
                "reading": one.text,
                "confidence": one.confidence,
                "all10": json.dumps([digit.probabilities for digit in one.digits]),
            }
            for path, one in zip(batch, readings, strict=True)
        ]
        with database.writing() as connection:
            connection.execute(insert, rows)
    costs.put(time.process_time() - began)
