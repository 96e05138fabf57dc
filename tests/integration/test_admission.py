"""A forged message is dropped before Celery sees it; what we send passes, and is what Celery would send."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from broker.address import Address
from broker.admission import MAX_BYTES, admitted
from broker.client import Client
from broker.message import QUEUES, READ_TASK, TRAIN_TASK, call_of
from worker.app import make_app

Sent = Callable[..., dict[str, Any]]
#: What differs from message to message.
RANDOM = {"headers": ["id", "root_id"], "properties": ["correlation_id", "delivery_tag"]}


@pytest.fixture
def sent(address: Address) -> Iterator[Sent]:
    """Send a task; give the message that lies in its queue."""
    with closing(make_app(address)) as app, closing(Client(address)) as client:
        queues = {*QUEUES.values(), app.conf.task_default_queue}

        def send(*arguments: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - send_task's own
            app.send_task(*arguments, **options)
            popped: list[Any] = [client.redis.rpop(client.key(queue)) for queue in queues]
            (message,) = filter(None, popped)
            decoded: dict[str, Any] = json.loads(message)
            return decoded

        yield send


def passes(message: object) -> bool:
    return admitted([b"reading", json.dumps(message).encode()]) is not None


def why(data: bytes) -> str:
    with capture_logs() as logs:
        assert admitted([b"reading", data]) is None
    (line,) = logs
    assert (line["event"], line["queue"], line["bytes"]) == ("message dropped", "reading", len(data))
    return str(line["why"])


@pytest.mark.parametrize(
    ("task", "arguments"), [(READ_TASK, {"ids": [1, 2]}), (TRAIN_TASK, {"architecture": "mlp", "epochs": None})]
)
def test_what_we_write_is_what_celery_would(sent: Sent, task: str, arguments: dict[str, Any]) -> None:
    ours, theirs = json.loads(call_of(task, **arguments)), sent(task, kwargs=arguments)
    assert passes(ours)
    assert theirs["properties"]["delivery_info"]["routing_key"] == QUEUES[task]
    assert json.loads(base64.b64decode(ours.pop("body"))) == json.loads(base64.b64decode(theirs.pop("body")))
    for part in ("headers", "properties"):  # theirs have more: empty wishes, and names for logs
        mine, whole = ours.pop(part), theirs.pop(part)
        assert mine.keys() <= whole.keys()
        assert [key for key in mine if mine[key] != whole[key]] == RANDOM[part]
    assert ours == theirs


def test_what_celery_sends_passes(sent: Sent) -> None:
    assert passes(sent(READ_TASK, ([1, 2],)))
    assert passes(sent(READ_TASK, (list(range(2**62, 2**62 + 512)),)))
    assert passes(sent(TRAIN_TASK, kwargs={"only_if_needed": True}))
    again = sent(READ_TASK, ([1],))
    again["redelivered"] = again["properties"]["delivery_info"]["redelivered"] = True  # of a process that died
    again["headers"]["parent_id"] = again["headers"]["id"]  # sent on by a task
    assert passes(again)


def test_an_empty_queue_is_none() -> None:
    assert admitted(None) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"/etc/passwd", b"{", b"[" * 60_000, b"1" * 5000, b'{"__type__":"uuid","__value__":1}'],
    ids=["nothing", "bytes", "path", "half", "deep", "digits", "type"],
)
def test_bytes_that_are_no_json_are_dropped(data: bytes) -> None:
    assert why(data).startswith("it can't be decoded")


@pytest.mark.parametrize("message", [None, 5, "../secret.png", [], [1], {}, {"body": ""}, {"headers": {"task": []}}])
def test_json_that_is_no_message_is_dropped(message: object) -> None:
    assert why(json.dumps(message).encode()) == "it is no message of ours"


def test_a_message_without_one_of_its_parts_is_dropped(sent: Sent) -> None:
    for part in ("body", "content-type", "content-encoding", "headers", "properties"):
        message = sent(READ_TASK, ([1],))
        del message[part]
        assert not passes(message)
    for part in ("delivery_tag", "delivery_info", "body_encoding"):
        message = sent(READ_TASK, ([1],))
        del message["properties"][part]
        assert not passes(message)
    for part in ("task", "id"):
        message = sent(READ_TASK, ([1],))
        del message["headers"][part]
        assert not passes(message)


def test_a_message_for_anything_else_than_our_tasks_is_dropped(sent: Sent) -> None:
    assert not passes(sent("os.system", ("true",)))
    assert not passes(sent("celery.backend_cleanup"))
    assert not passes(sent(READ_TASK, ([1],), queue="training"))
    assert not passes(sent(READ_TASK, ([1],), task_id="../secret"))


def test_a_message_that_asks_for_more_than_ours_do_is_dropped(sent: Sent) -> None:
    assert not passes(sent(READ_TASK, ([1],), countdown=1))
    assert not passes(sent(READ_TASK, ([1],), expires=1))
    assert not passes(sent(READ_TASK, ([1],), time_limit=1))
    assert not passes(sent(READ_TASK, ([1],), compression="zlib"))
    assert not passes(sent(READ_TASK, ([1],), shadow="\x1b[2J"))
    assert not passes(sent(READ_TASK, ([1],), link={"task": "x", "args": [], "kwargs": {}, "options": {}}))


@pytest.mark.parametrize("body", ["", "no base64!", "bm8ganNvbg==", base64.b64encode(b"[[1]]").decode()])
def test_a_message_whose_body_is_no_call_is_dropped(sent: Sent, body: str) -> None:
    assert not passes(sent(READ_TASK, ([1],)) | {"body": body})


def test_pickle_is_dropped_undecoded(sent: Sent) -> None:
    message = sent(READ_TASK, ([1],)) | {"content-type": "application/x-python-serialize", "body": "no base64!"}
    assert why(json.dumps(message).encode()) == "its content is 'application/x-python-serialize', which is not JSON"


def test_a_message_that_is_too_long_is_dropped_unread() -> None:
    assert why(b" " * (MAX_BYTES + 1)) == "it is too long"
