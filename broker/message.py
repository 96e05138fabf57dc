"""The messages of our processes: calls of two tasks, each with its queue. Typed where they are written and read."""

import base64
import json
from typing import Any
from uuid import uuid4

#: Row ids to read.
READING_QUEUE = "reading"
#: Requests for a new model; slow, so it has workers of its own.
TRAINING_QUEUE = "training"
READ_TASK = "worker.tasks.read_rows"
TRAIN_TASK = "worker.tasks.train"
#: Where each task's calls wait.
QUEUES = {READ_TASK: READING_QUEUE, TRAIN_TASK: TRAINING_QUEUE}

#: Maximum number of rows a message may name; twice what we send, so that a forged one can't hold a worker long.
MAX_ROWS = 512
#: The largest row id a database can hold.
MAX_ID = 2**63 - 1
#: Maximum number of epochs a message may ask for.
MAX_EPOCHS = 1000

#: Celery's message protocol 2: nothing is to be done before or after the call.
_NOTHING_ELSE = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def call_of(task: str, **arguments: object) -> bytes:
    """Write the call of a task in Celery's protocol 2, as kombu stores it in Redis.

    Every dropped file waits for this. Celery's own call takes twice as long, and its import 0.2 seconds.
    """
    call_id = str(uuid4())
    body = json.dumps([[], arguments, _NOTHING_ELSE])
    message = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": call_id, "root_id": call_id, "retries": 0},
        "properties": {
            "correlation_id": call_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": QUEUES[task]},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
        },
    }
    return json.dumps(message).encode()


def arguments_of(task: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Give back the arguments of a task's call if their names, types and bounds are ours; else None."""
    match arguments:
        case {"ids": list(ids), **others} if task == READ_TASK:
            known = 0 < len(ids) <= MAX_ROWS and all(type(one) is int and 0 < one <= MAX_ID for one in ids)
        case {"epochs": epochs, **others} if task == TRAIN_TASK:
            known = epochs is None or (type(epochs) is int and 0 < epochs <= MAX_EPOCHS)
        case {"only_if_needed": bool(), **others} if task == TRAIN_TASK:
            known = True
        case _:
            return None
    return arguments if known and not others else None
