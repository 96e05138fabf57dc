"""The tasks: thin, validating, and the one place where errors become log lines."""

from collections.abc import Sequence
from typing import Any

import structlog
from celery import Task, shared_task

from broker.message import READ_TASK, TRAIN_TASK
from db.errors import LedgerError
from logs import Outage
from recognizer.errors import RecognitionError
from worker.app import HARD_LIMIT_SECONDS
from worker.process import reading_process

#: Rows one message may name; twice what we send, so that a forged one can't hold a worker long.
MAX_ROWS = 512
#: Epochs one message may ask for.
MAX_EPOCHS = 1000
#: The largest row id a database can hold.
MAX_ID = 2**63 - 1

_log = structlog.get_logger()
_ledger = Outage("the ledger is out of reach, its rows are enqueued again later", "the ledger is back")


@shared_task(name=READ_TASK, bind=True, time_limit=HARD_LIMIT_SECONDS)
def read_rows(self: Task, ids: object = None) -> int:
    """Read the rows a message names; give the number answered. A message that names anything else is dropped."""
    rows = _row_ids(ids)
    if rows is None:
        _log.warning("message refused", message=self.request.id, why="it does not name ledger rows")
        return 0
    from worker.chunk import read_chunk  # noqa: PLC0415 - only a reading process pays for its imports, at its start

    process = reading_process()
    try:
        process.release()
        model = process.model.current()
        done = read_chunk(process.database, model, rows, self.request.id, redelivered=_redelivered(self))
    except RecognitionError as error:
        _log.warning("no model to read with, a training is asked for", why=str(error), rows=spans(rows))
        process.client.ask_for_training()
        return 0
    except LedgerError as error:
        process.unreleased[self.request.id] = rows
        _ledger.lost(str(error), rows=spans(rows))
        return 0
    except MemoryError:  # one that left the task would end the whole worker, as Celery has it
        _log.error("out of memory, its rows are enqueued again later", rows=spans(rows))
        return 0
    _ledger.back()
    if done.rest:
        process.client.enqueue(done.rest)
    if done.alone:
        process.client.enqueue_alone(done.alone)
    _log.info("chunk read", rows=spans(rows), answered=done.answered, model=model.card.version)
    return done.answered


def spans(rows: Sequence[int]) -> str:
    """Write row ids for a log line: `1-256,300`."""
    found: list[tuple[int, int]] = []
    for row in sorted(rows):
        begun = found.pop() if found and row <= found[-1][1] + 1 else (row, row)
        found.append((begun[0], row))
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in found)


def _row_ids(ids: object) -> list[int] | None:
    if not isinstance(ids, list) or not 0 < len(ids) <= MAX_ROWS:
        return None
    return ids if all(type(row_id) is int and 0 < row_id <= MAX_ID for row_id in ids) else None


def _redelivered(task: Task) -> bool:
    info: dict[str, Any] = task.request.delivery_info or {}
    return bool(info.get("redelivered"))


@shared_task(name=TRAIN_TASK, acks_late=False)
def train(
    architecture: object = "cnn", epochs: object = None, *, force: bool = False, only_if_needed: bool = False
) -> None:
    """Train and publish a model, then enqueue all rows that waited.

    Acknowledged when it starts, so that a crash of it is not repeated at once; a model that is still missing afterwards
    is asked for again with the next chunk.
    """
    from trainer.network import ARCHITECTURES  # noqa: PLC0415 - only the trainer pays for their imports
    from worker.training import train_and_enqueue  # noqa: PLC0415 - likewise

    known = next((name for name in ARCHITECTURES if name == architecture), None)
    if known is None or not (epochs is None or (type(epochs) is int and 0 < epochs <= MAX_EPOCHS)):
        _log.warning("training refused", why="unknown architecture or number of epochs")
        return
    train_and_enqueue(known, epochs, force=force is True, only_if_needed=only_if_needed is True)
