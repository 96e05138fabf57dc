"""Drop what is no message of ours, with a log line, before Celery sees it.

Celery trusts its broker: bytes that are no JSON, or a message that lacks a part, would end the whole worker.
"""

import base64
import re
from collections.abc import Sequence
from typing import Any

import structlog
from kombu.utils.json import loads

from broker.message import QUEUES

#: Bytes a message may have; the longest that we send takes some 10 KB.
MAX_BYTES = 64 * 1024
#: Headers that every message of Celery's carries and that ask for nothing: names, counts, texts for logs.
_PLAIN_HEADERS = frozenset(
    {
        "lang", "retries", "root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "replaced_task_nesting",
        "stamps", "redelivered",
    }
)  # fmt: skip
#: Values of a header that asks for nothing; a time limit is a pair.
_NOTHING = (None, False, [None, None])
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_log = structlog.get_logger()


def admitted(popped: Sequence[bytes] | None) -> Sequence[bytes] | None:
    """Give back what was popped, a queue's name and a message; None, as for an empty queue, if it is forged."""
    if popped is None:
        return None
    queue, data = popped
    why = _why_not(data)
    if why is None:
        return popped
    _log.warning("message dropped", queue=queue.decode(errors="replace"), bytes=len(data), why=why)
    return None


def _why_not(data: bytes) -> str | None:
    if len(data) > MAX_BYTES:
        return "it is too long"
    try:
        return _why_no_message(loads(data))
    except Exception as error:  # noqa: BLE001 - forged bytes make parsers raise any error
        return f"it can't be decoded ({type(error).__name__})"


def _why_no_message(message: Any) -> str | None:  # noqa: ANN401 - any JSON
    match message:
        case {"content-type": str(kind)} if kind != "application/json":
            return f"its content is {kind[:40]!r}, which is not JSON"
        case {
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "body": str(body),
            "headers": {"task": str(task), "id": str(id_), **others},
            "properties": {
                "body_encoding": "base64",
                "delivery_tag": str(),
                "delivery_info": {"exchange": "", "routing_key": str(queue)},
            },
        }:
            if QUEUES.get(task) != queue or not _UUID.fullmatch(id_):
                return "it names no task of ours"
            asked = [
                str(name) for name, value in others.items() if name not in _PLAIN_HEADERS and value not in _NOTHING
            ]
            return f"it asks for {asked[0][:40]!r}" if asked else _why_no_call(loads(base64.b64decode(body)))
    return "it is no message of ours"


def _why_no_call(call: object) -> str | None:
    match call:
        case [list(), dict(), dict(embedded)] if not any(embedded.values()):
            return None
    return "it is no call of a task"
