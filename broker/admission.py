"""The one door for messages: what comes from Redis is typed and bounded here, before Celery sees it.

Celery trusts its broker. Bytes that are no JSON, or a message that lacks a part, would end the whole worker. A header
could postpone, forward or limit a call, or claim that its reader died. So only a task's name and arguments pass: Celery
gets a new message, with an id that nobody else knows.
"""

import base64
import json
from collections.abc import Sequence

import structlog

from broker.message import QUEUES, arguments_of, call_of

#: Bytes a message may have; the longest that we send takes some 10 KB.
MAX_BYTES = 64 * 1024

_log = structlog.get_logger()


class _Refused(Exception):  # noqa: N818 - named for the message
    """A message that is none of ours; the text says why."""


def admitted(popped: Sequence[bytes] | None) -> Sequence[bytes] | None:
    """Write what was popped, a queue's name and a message, anew; None, as for an empty queue, if it is forged.

    The queue's name may have a namespace and a colon in front.
    """
    if popped is None:
        return None
    queue, data = popped
    try:
        return queue, _written_anew(queue.decode().rpartition(":")[2], data)
    except _Refused as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - forged bytes make parsers raise any error
        why = f"it can't be decoded ({type(error).__name__})"
    _log.warning("message dropped", queue=queue.decode(errors="replace"), bytes=len(data), why=why)
    return None


def _written_anew(queue: str, data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise _Refused("it is too long")
    match json.loads(data):
        case {"content-type": str(kind)} if kind != "application/json":
            raise _Refused(f"its content is {kind[:40]!r}, which is not JSON")
        case {
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "body": str(body),
            "headers": {"task": str(task)},
            "properties": {"body_encoding": "base64", "delivery_info": {"routing_key": str(named)}},
        }:
            if not QUEUES.get(task) == named == queue:  # whoever forges a message also chooses what it names
                raise _Refused("it names no task of ours")
            return _called_anew(task, base64.b64decode(body))
    raise _Refused("it is no message of ours")


def _called_anew(task: str, body: bytes) -> bytes:
    match json.loads(body):
        case [[], dict(given), dict()]:
            arguments = arguments_of(task, given)
            if arguments is None:
                raise _Refused("it asks for what no message of ours does")
            return call_of(task, **arguments)
    raise _Refused("it is no call of a task")
