"""What our processes send each other: calls of two tasks, each with its queue."""

import base64
import json
from uuid import uuid4

#: Row ids to read.
READING_QUEUE = "reading"
#: Requests for a new model; slow, so it has workers of its own.
TRAINING_QUEUE = "training"
READ_TASK = "worker.tasks.read_rows"
TRAIN_TASK = "worker.tasks.train"
#: Where each task's calls wait.
QUEUES = {READ_TASK: READING_QUEUE, TRAIN_TASK: TRAINING_QUEUE}

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
