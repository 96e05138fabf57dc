"""A forged message is dropped before Celery sees it. Of what we send its task and arguments pass, and nothing else."""

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
from broker.message import MAX_EPOCHS, MAX_ID, MAX_ROWS, QUEUES, READ_TASK, TRAIN_TASK, call_of
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


def passes(message: object, queue: str = "reading") -> bool:
    return admitted([f"digits:{queue}".encode(), json.dumps(message).encode()]) is not None


def why(data: bytes) -> str:
    with capture_logs() as logs:
        assert admitted([b"reading", data]) is None
    (line,) = logs
    assert (line["event"], line["queue"], line["bytes"]) == ("message dropped", "reading", len(data))
    return str(line["why"])


def call(message: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(base64.b64decode(message["body"]))


@pytest.mark.parametrize(
    ("task", "arguments"),
    [(READ_TASK, {"ids": [1, 2]}), (TRAIN_TASK, {"epochs": None}), (TRAIN_TASK, {"only_if_needed": True})],
)
def test_what_we_write_is_what_celery_would(sent: Sent, task: str, arguments: dict[str, Any]) -> None:
    ours, theirs = json.loads(call_of(task, **arguments)), sent(task, kwargs=arguments)
    assert passes(ours, QUEUES[task])
    assert passes(theirs, QUEUES[task])
    assert theirs["properties"]["delivery_info"]["routing_key"] == QUEUES[task]
    assert call(ours) == call(theirs)
    del ours["body"], theirs["body"]
    for part in ("headers", "properties"):  # theirs have more: empty wishes, and names for logs
        mine, whole = ours.pop(part), theirs.pop(part)
        assert mine.keys() <= whole.keys()
        assert [key for key in mine if mine[key] != whole[key]] == RANDOM[part]
    assert ours == theirs


@pytest.mark.parametrize(
    "asked",
    [
        {"countdown": 1},
        {"expires": 1},
        {"time_limit": 1},
        {"shadow": "\x1b[2J"},
        {"task_id": "../secret"},
        {"retries": 10**9},
        {"link": {"task": "x", "args": [], "kwargs": {}, "options": {}}},
        {"headers": {"redelivered": True}},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_of_a_message_only_its_task_and_its_arguments_pass(sent: Sent, asked: dict[str, Any]) -> None:
    forged = sent(READ_TASK, kwargs={"ids": [1]}, **asked)
    forged["redelivered"] = forged["properties"]["delivery_info"]["redelivered"] = True
    forged["properties"]["delivery_tag"] = "of a claimed one"
    popped = admitted([b"reading", json.dumps(forged).encode()])
    assert popped is not None
    passed, ours = json.loads(popped[1]), json.loads(call_of(READ_TASK, ids=[1]))
    assert passed["headers"]["id"] != forged["headers"]["id"]
    for part in ("headers", "properties"):
        for key in RANDOM[part]:
            assert passed[part].pop(key) != ours[part].pop(key)
    assert passed == ours


def test_an_empty_queue_is_none() -> None:
    assert admitted(None) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"/etc/passwd", b"{", b"[" * 60_000, b"1" * 5000],
    ids=["nothing", "bytes", "path", "half", "deep", "digits"],
)
def test_bytes_that_are_no_json_are_dropped(data: bytes) -> None:
    assert why(data).startswith("it can't be decoded")


@pytest.mark.parametrize(
    "message",
    [None, 5, "../secret.png", [], [1], {}, {"body": ""}, {"headers": {"task": []}}, {"__type__": "uuid"}],
)
def test_json_that_is_no_message_is_dropped(message: object) -> None:
    assert why(json.dumps(message).encode()) == "it is no message of ours"


def test_a_message_without_one_of_its_parts_is_dropped(sent: Sent) -> None:
    for part in ("body", "content-type", "content-encoding", "headers", "properties"):
        message = sent(READ_TASK, kwargs={"ids": [1]})
        del message[part]
        assert not passes(message)


def test_a_message_for_anything_else_than_our_tasks_is_dropped(sent: Sent) -> None:
    assert not passes(sent("os.system", kwargs={"ids": [1]}))
    assert not passes(sent("celery.backend_cleanup"))
    assert not passes(sent(READ_TASK, kwargs={"ids": [1]}, queue="training"))


@pytest.mark.parametrize(
    ("task", "arguments", "queue"),
    [(TRAIN_TASK, {"epochs": 1}, "reading"), (READ_TASK, {"ids": [1]}, "training"), (READ_TASK, {"ids": [1]}, "other")],
)
def test_a_call_that_lies_in_another_queue_than_its_own_is_dropped(
    task: str, arguments: dict[str, Any], queue: str
) -> None:
    """A message may name one queue and lie in another: a reading process would then start a training."""
    assert admitted([f"digits:{QUEUES[task]}".encode(), call_of(task, **arguments)])
    assert admitted([f"digits:{queue}".encode(), call_of(task, **arguments)]) is None


@pytest.mark.parametrize(
    "ids",
    [
        "../secret.png", ["../secret.png"], ["1"], {"ids": [1]}, None, [], 1, True, [True], [-1], [0], [MAX_ID + 1],
        [10**30], [1.0], [[1]], [None], [1, "../secret.png"], list(range(1, MAX_ROWS + 2)),
    ],
)  # fmt: skip
def test_a_message_that_names_no_rows_is_dropped(sent: Sent, ids: object) -> None:
    assert not passes(sent(READ_TASK, kwargs={"ids": ids}))


@pytest.mark.parametrize("given", [{}, {"path": "x"}, {"ids": [1], "redelivered": True}])
def test_a_message_with_other_arguments_is_dropped(sent: Sent, given: dict[str, Any]) -> None:
    assert not passes(sent(READ_TASK, kwargs=given))
    assert not passes(sent(READ_TASK, ([1],), kwargs=given))


@pytest.mark.parametrize(
    "given",
    [
        {"force": True}, {"epochs": 1, "force": True}, {"architecture": "mlp"}, {"epochs": 0}, {"epochs": True},
        {"epochs": MAX_EPOCHS + 1}, {"epochs": "5"}, {"only_if_needed": 1}, {},
    ],
)  # fmt: skip
def test_no_message_forces_a_training_or_chooses_its_network(sent: Sent, given: dict[str, Any]) -> None:
    assert not passes(sent(TRAIN_TASK, kwargs=given), "training")


@pytest.mark.parametrize("body", ["", "no base64!", "bm8ganNvbg==", base64.b64encode(b"[[1]]").decode()])
def test_a_message_whose_body_is_no_call_is_dropped(sent: Sent, body: str) -> None:
    assert not passes(sent(READ_TASK, kwargs={"ids": [1]}) | {"body": body})


def test_pickle_is_dropped_undecoded(sent: Sent) -> None:
    forged = {"content-type": "application/x-python-serialize", "body": "no base64!"}
    message = sent(READ_TASK, kwargs={"ids": [1]}) | forged
    assert why(json.dumps(message).encode()) == "its content is 'application/x-python-serialize', which is not JSON"


def test_the_longest_message_that_we_may_send_passes() -> None:
    assert admitted([b"reading", call_of(READ_TASK, ids=list(range(MAX_ID - MAX_ROWS + 1, MAX_ID + 1)))])


def test_a_message_that_is_too_long_is_dropped_unread() -> None:
    assert why(b" " * (MAX_BYTES + 1)) == "it is too long"
