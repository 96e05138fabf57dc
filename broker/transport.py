"""The way in from the broker: what is no message of ours is dropped with a log line.

Celery trusts its broker: bytes that are no JSON, or a message that lacks a part, would end the whole worker.
"""

import base64
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import structlog
from kombu.transport import redis
from kombu.utils.json import loads

from broker.delivery import QoS
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


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """A channel to which a forged message has never come."""

    ack_emulation = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.QoS = QoS  # in place of the one that kombu takes without acknowledgements in Redis

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as kombu has it
        if not asynchronous:
            return self._writer
        client = super()._create_client(asynchronous)
        client.set_response_callback("BRPOP", admitted)
        return client

    def close(self) -> None:
        """End without waiting for Redis to say, in up to a second, that there is nothing more to read."""
        waiting = self._in_poll
        if waiting and not waiting.can_read():
            waiting.disconnect()
        super().close()

    @cached_property
    def _writer(self) -> Any:  # noqa: ANN401 - redis-py's client
        # kombu would make one for every message, which takes as long as sending it
        return super()._create_client()


class Transport(redis.Transport):  # type: ignore[misc]  # likewise
    """Celery's transport for Redis, with a look at what comes out of it."""

    Channel = Channel


def admitted(popped: Sequence[bytes] | None) -> Sequence[bytes] | None:
    """Let through what was popped, a queue's name and a message; None, as if nothing had come, for a forged one."""
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
    except Exception as error:  # noqa: BLE001 - forged bytes make parsers raise whatever there is
        return f"it can't be decoded ({type(error).__name__})"


def _why_no_message(message: Any) -> str | None:  # noqa: ANN401 - whatever JSON can say
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
