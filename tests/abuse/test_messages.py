"""Put forged and repeated messages into the queue: no file is opened for them, and every row keeps its one result."""

import base64
import json
import os
import pickle
import signal
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from broker.connection import connect
from broker.message import READ_TASK, READING_QUEUE
from tests.abuse.harness import PICTURE, Abused, Record
from tests.place import Place
from worker.app import make_app

pytestmark = pytest.mark.abuse

Eventually = Callable[[Callable[[], object], float], None]

#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0


class Opened(FileSystemEventHandler):
    """The files of a folder that anybody opened."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_opened(self, event: FileSystemEvent) -> None:
        self.names.append(Path(os.fsdecode(event.src_path)).name)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Note who opens what in a folder that nobody watches."""
    handler, observer = Opened(), Observer()
    observer.schedule(handler, str(tmp_path), event_filter=[FileOpenedEvent])
    observer.start()
    yield handler
    observer.stop()
    observer.join()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def run(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    publish: Callable[[Path, int], int],
    eventually: Eventually,
) -> Iterator[Abused]:
    """Run `digits run` on each database for all tests of this file; `first.png` is read."""
    place = Place(tmp_path_factory.mktemp("messages"))
    place.inbox.mkdir()
    publish(place.path / "model", 0)
    postgres = request.param == "postgres"
    url = request.getfixturevalue("new_postgres_url")() if postgres else f"sqlite:///{place.path}/var/results.db"
    place.variables |= {"DIGITS_DATABASE_URL": url, "DIGITS_MODEL_DIR": str(place.path / "model")}
    run = Abused(place, url)
    process = run.start("run", "--workers", "2")
    (run.inbox / "first.png").write_bytes(PICTURE)
    eventually(lambda: run.answered() == 1, PATIENCE)
    yield run
    run.close()
    process.terminate()
    process.wait(PATIENCE)
    for pid in place.processes():
        os.kill(pid, signal.SIGKILL)


class Exploit:
    """Makes a file when it is unpickled."""

    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._made),)


def queue(run: Abused) -> redis.Redis:
    """Connect to the broker of a run."""
    return connect(run.address.url)


def message(ids: object = None, *, body: bytes | None = None, **headers: object) -> dict[str, Any]:
    """Write a message for the reading task as Celery does, with other headers if wanted."""
    call = [[], {"ids": ids}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    id_ = str(uuid.uuid4())
    return {
        "body": base64.b64encode(json.dumps(call).encode() if body is None else body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": READ_TASK, "id": id_, "root_id": id_, "retries": 0, **headers},
        "properties": {
            "correlation_id": id_,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": READING_QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }


def no_messages(secret: Path, made: Path) -> list[bytes]:
    """Write what Celery never sends."""
    pickled = {"body": base64.b64encode(pickle.dumps(Exploit(made))).decode()}
    whole = message([1])
    forged: list[object] = [
        str(secret), None, 5, [], [1], {}, {"body": "", "headers": {}, "properties": {}},
        {"task": READ_TASK, "args": [[1]], "kwargs": {}, "id": "1"},
        *({name: value for name, value in whole.items() if name != left_out} for left_out in whole),
        whole | {"headers": {"task": ["unhashable"], "id": "1"}},
        whole | {"properties": {}},
        whole | {"body": "no base64"},
        whole | pickled | {"content-type": "application/x-python-serialize", "content-encoding": "binary"},
        whole | pickled | {"content-type": "application/x-yaml"},
        whole | pickled,
        message([1], task="os.system"),
        message(str(secret), task="worker.tasks.open"),
        message(body=zlib.compress(bytes(10**8)), compression="application/x-gzip"),
    ]  # fmt: skip
    raw = [b"", b"\xff\xfe\x00", os.fsencode(secret), b"[" * 60_000, b"1" * 5000, bytes(2**20), pickle.dumps(pickled)]
    return raw + [json.dumps(forgery).encode() for forgery in forged]


def wrong_calls(secret: Path) -> list[bytes]:
    """Write messages of Celery's that name no rows."""
    wrong: list[object] = [
        str(secret), "../outside/secret.png", [str(secret)], ["1"], [[1]], {"ids": [1]}, None, [], 1, True, [True],
        [-1], [0], [2**63], [10**30], [1.5], [1, "../outside/secret.png"], list(range(1, 600)),
    ]  # fmt: skip
    return [json.dumps(message(ids)).encode() for ids in wrong]


def processes(run: Abused) -> list[int]:
    """Give the worker's process ids."""
    return run.pids("cli.main worker") + run.pids("spawn_main")


def test_forged_messages_open_no_file_end_no_worker_and_are_logged(
    run: Abused, tmp_path: Path, opened: Opened, record: Record, eventually: Eventually
) -> None:
    secret, sentinel = tmp_path / "secret.png", tmp_path / "sentinel.png"
    for path in (secret, sentinel):
        path.write_bytes(PICTURE)
    before, workers = run.query("SELECT * FROM images"), processes(run)
    dropped, refused = no_messages(secret, tmp_path / "made"), wrong_calls(secret)
    in_vain = [json.dumps(message([row_id])).encode() for row_id in (1, 987_654_321)]
    with queue(run) as client:
        client.lpush(run.address.key(READING_QUEUE), *dropped, *refused, *in_vain)
        app = make_app(run.address)
        app.control.broadcast("shutdown")
        app.close()
        (run.inbox / "after.png").write_bytes(PICTURE)
        seconds = run.require_balance(2)
        eventually(lambda: not client.exists(run.address.key(READING_QUEUE)), PATIENCE)

    assert run.query("SELECT * FROM images WHERE path = 'first.png'") == before
    assert processes(run) == workers
    assert not (tmp_path / "made").exists()
    assert run.log("worker").count('event="message dropped"') == len(dropped) + len(refused)
    assert "rows=987654321 answered=0" in run.log("worker")
    sentinel.read_bytes()
    eventually(lambda: opened.names.count(sentinel.name) == 2, PATIENCE)  # when it was written, and now
    assert opened.names.count(secret.name) == 1
    messages = len(dropped) + len(refused) + len(in_vain)
    record(f"1 drop, {messages} messages", "all messages forged", 2 - run.answered(), seconds)


def asking_for_more(ids: object) -> list[bytes]:
    """Write messages whose headers postpone, limit or rename the call, or claim that its reader died."""
    again = message(ids)
    again["redelivered"] = again["properties"]["delivery_info"]["redelivered"] = True
    more: list[dict[str, Any]] = [
        message(ids, eta="2099-11-22T00:00:00"), message(ids, expires="never"), message(ids, id="../" * 1000),
        message(ids, timelimit=[0.001, None]), message(ids, shadow="\x1b[2J"), again,
    ]  # fmt: skip
    return [json.dumps(one).encode() for one in more]


def test_the_same_message_fifty_times_at_once_gives_one_result(
    run: Abused, record: Record, eventually: Eventually
) -> None:
    files = run.answered() + 1
    (worker,) = run.pids("cli.main worker")
    os.kill(worker, signal.SIGSTOP)  # so that all are there before the first is read
    with queue(run) as client:
        (run.inbox / "same.png").write_bytes(PICTURE)
        eventually(lambda: run.query("SELECT id FROM images WHERE status = 'queued'"), PATIENCE)
        ((row_id,),) = run.query("SELECT id FROM images WHERE status = 'queued'")
        same = json.dumps(message([row_id])).encode()
        others = [json.dumps(message([row_id])).encode() for _ in range(50)] + asking_for_more([row_id]) * 3
        client.lpush(run.address.key(READING_QUEUE), *[same] * 50, *others)
        os.kill(worker, signal.SIGCONT)
        seconds = run.require_balance(files)
        eventually(lambda: not client.exists(run.address.key(READING_QUEUE)), PATIENCE)
    assert run.query("SELECT status, attempts FROM images WHERE path = 'same.png'") == [("accepted", 1)]
    assert set(run.query("SELECT count(*) FROM digits GROUP BY image_id")) == {(1,)}
    assert run.log("worker").count(f"rows={row_id} answered=1") == 1
    record("1 drop", "its message 50 times at once, and 50 others like it", files - run.answered(), seconds)
