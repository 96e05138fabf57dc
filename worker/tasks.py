"""The tasks: thin, and the one place where errors become log lines. broker/admission.py has checked their arguments."""

from collections.abc import Sequence
from typing import Any

import structlog
from celery import Task, shared_task

from broker.message import READ_TASK, TRAIN_TASK
from db.errors import LedgerError, ValueRefused
from logs import Outage
from recognizer.errors import RecognitionError
from worker.app import HARD_LIMIT_SECONDS
from worker.process import reading_process
from worker.waits import NO_MODEL, UNSEEN

_log = structlog.get_logger()
_ledger = Outage("the ledger is out of reach, its rows are enqueued again later", "the ledger is back")


@shared_task(name=READ_TASK, bind=True, time_limit=HARD_LIMIT_SECONDS)
def read_rows(self: Task, ids: list[int]) -> int:
    """Read the rows a message names; give the number answered, NO_MODEL or UNSEEN."""
    from worker.chunk import read_chunk  # noqa: PLC0415 - only a reading process pays for its imports, at its start

    process = reading_process()
    try:
        process.release()
        model = process.model.current()
        done = read_chunk(process.database, model, ids, self.request.id, redelivered=_redelivered(self))
    except (RecognitionError, OSError) as error:  # the latter are the host's, as it loads the model
        _log.info("a message without a model to read it, its rows are enqueued again later", why=str(error))
        return NO_MODEL
    except ValueRefused as error:
        _log.error("the ledger can't hold a value, its rows are enqueued again later", why=str(error), rows=spans(ids))
        return 0
    except LedgerError as error:
        process.unreleased[self.request.id] = ids
        _ledger.lost(str(error), rows=spans(ids))
        return 0
    except MemoryError:  # one that left the task would end the whole worker, as Celery has it
        _log.error("out of memory, its rows are enqueued again later", rows=spans(ids))
        return 0
    _ledger.back()
    if done.rest:
        process.client.enqueue(done.rest)
    if missed := process.note(done):
        process.client.enqueue_together(missed)
    if done.alone:
        process.client.enqueue_alone(done.alone)
    _log.info("chunk read", rows=spans(ids), answered=done.answered, model=model.card.version)
    return UNSEEN if done.unseen and not done.answered else done.answered


def spans(rows: Sequence[int]) -> str:
    """Write row ids for a log line: `1-256,300`."""
    found: list[tuple[int, int]] = []
    for row in sorted(rows):
        begun = found.pop() if found and row <= found[-1][1] + 1 else (row, row)
        found.append((begun[0], row))
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in found)


def _redelivered(task: Task) -> bool:
    info: dict[str, Any] = task.request.delivery_info or {}
    return bool(info.get("redelivered"))


@shared_task(name=TRAIN_TASK, acks_late=False)
def train(epochs: int | None = None, *, only_if_needed: bool = False) -> None:
    """Train and publish a model, then enqueue all rows that waited.

    Acknowledged when it starts, so that a crash of it is not repeated at once; a model that is still missing afterwards
    is asked for again every 30 seconds while files wait.
    """
    from worker.training import train_and_enqueue  # noqa: PLC0415 - only the trainer pays for its imports

    train_and_enqueue(epochs, only_if_needed=only_if_needed)
