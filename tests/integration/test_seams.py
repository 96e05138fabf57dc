"""What we build on in kombu and Celery although it is private: a test for each part names it in its docstring.

A test that fails after an upgrade means another look at broker/transport.py, broker/delivery.py, worker/app.py,
worker/pool.py or worker/steps.py.
"""

# ruff: noqa: SLF001 - private parts are what is tested

import inspect
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from billiard.pool import EX_RECYCLE, Pool
from celery.app.trace import build_tracer
from celery.bootsteps import CLOSE, RUN
from celery.concurrency.asynpool import AsynPool
from celery.worker.consumer import Consumer
from kombu import Connection, Message
from kombu.asynchronous import Hub

from broker.address import Address
from broker.admission import admitted
from broker.client import Client
from broker.delivery import QoS
from broker.message import READ_TASK, READING_QUEUE, call_of
from broker.presence_file import PresenceFile
from broker.transport import Channel, Transport
from worker.app import make_app
from worker.breaker import Breaker
from worker.pool import telling_pool
from worker.steps import TASKS, PatienceStep, WakeStep, presence_step
from worker.waits import NO_MODEL, UNSEEN, Waits
from worker.watchdog import ANSWERED_EXIT

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for.
PATIENCE = 20.0


@pytest.fixture
def connection(address: Address) -> Iterator[Connection]:
    with make_app(address).connection() as connected:
        yield connected


@pytest.fixture
def client(address: Address) -> Iterator[Client]:
    connected = Client(address)
    yield connected
    connected.close()


@pytest.fixture
def received(connection: Connection) -> Iterator[list[Message]]:
    """Consume, and keep what comes with `connection.drain_events()` unacknowledged."""
    messages: list[Message] = []
    channel = connection.default_channel
    channel.basic_consume(READING_QUEUE, no_ack=False, callback=messages.append, consumer_tag="reader")
    yield messages
    channel.basic_cancel("reader")


@pytest.fixture
def consumer() -> Consumer:
    """Give a worker's consumer with our steps, as Celery makes it."""
    app = make_app(Address("memory://", "digits"))
    app.steps["consumer"] |= {WakeStep, presence_step(PresenceFile(None))}
    controller, hub = SimpleNamespace(use_eventloop=True), Hub()
    return Consumer(lambda *_: None, app=app, hub=hub, timer=hub.timer, controller=controller)


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0?ssl_cert_reqs=none", "redis+socket:///nowhere"]
)
def test_every_redis_is_read_through_our_transport(url: str) -> None:
    """kombu.transport.TRANSPORT_ALIASES"""
    app = make_app(Address(url, "digits"))
    with app.connection_for_read() as connection:
        assert isinstance(connection.transport, Transport)
    app.close()


def test_the_client_that_waits_for_messages_looks_at_each(connection: Connection) -> None:
    """kombu.transport.redis.Channel._create_client(asynchronous=True)"""
    channel = connection.default_channel
    assert isinstance(channel, Channel)
    assert channel.client.response_callbacks["BRPOP"] is admitted


def test_one_client_sends_all_commands(connection: Connection) -> None:
    """kombu.transport.redis.Channel._create_client()"""
    channel = connection.default_channel
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second is not channel.client


def test_a_message_that_is_not_admitted_is_as_if_none_had_come(
    connection: Connection, received: list[Message], client: Client
) -> None:
    """kombu.transport.redis.Channel._brpop_read: None from the response callback, before the prefix is cut off"""
    client.redis.lpush(client.key(READING_QUEUE), b"forged")
    client.enqueue([1])
    connection.drain_events(timeout=PATIENCE)
    assert [message.delivery_info["routing_key"] for message in received] == [READING_QUEUE]


def test_a_channel_takes_our_qos_and_keeps_no_note_in_redis(
    connection: Connection, received: list[Message], client: Client
) -> None:
    """kombu.transport.redis.Channel.QoS, Channel.ack_emulation"""
    client.enqueue([1])
    connection.drain_events(timeout=PATIENCE)
    assert received
    assert isinstance(connection.default_channel.qos, QoS)
    assert not [key for key in client.redis.keys("*") if b"unacked" in key]


def delivered_once_more(connection: Connection, received: list[Message], client: Client) -> tuple[Message, Message]:
    """Give a message back, and receive it again."""
    client.enqueue([1])
    connection.drain_events(timeout=PATIENCE)
    received[0].requeue()
    client.enqueue([2])
    connection.drain_events(timeout=PATIENCE)
    first, again = received[:2]
    return first, again


def test_a_message_given_back_comes_again_before_others_and_says_so(
    connection: Connection, received: list[Message], client: Client
) -> None:
    """kombu.transport.virtual.QoS._delivered, kombu.transport.redis.Channel._brpop_start, Transport._deliver"""
    first, again = delivered_once_more(connection, received, client)
    assert again.headers["id"] == first.headers["id"]
    assert again.delivery_info["redelivered"] is True
    assert again.payload == first.payload


def test_a_message_given_back_outlives_its_connection(address: Address, client: Client) -> None:
    """kombu.transport.virtual.Channel.from_transport_options"""
    app = make_app(address)
    got: list[Message] = []
    for turn in range(2):
        with app.connection() as connection:
            connection.default_channel.basic_consume(
                READING_QUEUE, no_ack=False, callback=got.append, consumer_tag="reader"
            )
            if turn == 0:
                client.enqueue([1])
                connection.drain_events(timeout=PATIENCE)
                got[0].requeue()
            else:
                client.enqueue([2])  # ends the wait for messages from Redis
                connection.drain_events(timeout=PATIENCE)
    assert got[1].headers["id"] == got[0].headers["id"]
    assert got[1].delivery_info["redelivered"] is True


def test_in_poll_is_the_connection_that_waits(connection: Connection, received: list[Message]) -> None:
    """kombu.transport.redis.Channel._in_poll, MultiChannelPoller._register_BRPOP"""
    channel = connection.default_channel
    assert not channel._in_poll
    connection.transport.cycle._register_BRPOP(channel)
    assert channel._in_poll is channel.client.connection
    assert not channel._in_poll.can_read()
    assert received == []


def test_our_steps_follow_the_tasks_and_come_before_the_event_loop(consumer: Consumer) -> None:
    """celery.worker.consumer.tasks:Tasks, Consumer.blueprint"""
    assert TASKS in Consumer.Blueprint.default_steps
    order = [step.name.rpartition(".")[2] for step in consumer.blueprint.order]
    assert order.index("Tasks") < order.index("WakeStep") < order.index("Evloop")
    assert order.index("Tasks") < order.index("PresenceStep") < order.index("Evloop")


def test_a_signal_wakes_the_consumer_s_event_loop(consumer: Consumer) -> None:
    """celery.worker.consumer.Consumer.hub, kombu.asynchronous.Hub.add_reader and remove_reader"""
    step = WakeStep(None)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    step.start(consumer)
    try:
        signal.raise_signal(signal.SIGUSR1)
        ((awake, _),) = consumer.hub.poller.poll(10)
        callback, arguments = consumer.hub.readers[awake]
        callback(*arguments)
        assert not consumer.hub.poller.poll(0), "it would never sleep again"
    finally:
        step.stop(consumer)
        signal.signal(signal.SIGUSR1, before)
    assert not consumer.hub.readers
    step.stop(consumer)  # as Celery does when the broker is lost again before the step is started anew


def test_each_error_of_redis_is_a_lost_connection(consumer: Consumer) -> None:
    """celery.worker.consumer.Consumer.connection_errors: the worker waits these out, and ends for all others"""
    app = make_app(Address("redis://127.0.0.1:1/0", "digits"))
    with app.connection_for_read() as connection:
        for error in (redis.ResponseError, redis.ReadOnlyError, redis.exceptions.OutOfMemoryError, redis.DataError):
            assert issubclass(error, connection.connection_errors)
            assert issubclass(error, connection.recoverable_connection_errors)
    app.close()
    assert "self.connection_errors = self.conninfo.connection_errors" in inspect.getsource(type(consumer).__init__)


def test_after_each_failure_the_consumer_stops_our_step_and_it_waits_longer(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """celery.bootsteps.Blueprint.restart and state"""
    slept: list[float] = []
    now = iter(range(0, 10_000, 1))
    monkeypatch.setattr("worker.steps.time", SimpleNamespace(monotonic=lambda: next(now) / 100, sleep=slept.append))
    step = PatienceStep(None)
    consumer.steps[:] = [step]
    consumer.blueprint.state = RUN
    naps = []
    for _ in range(4):
        slept.clear()
        consumer.blueprint.restart(consumer)
        naps.append(len(slept))
    assert naps == sorted(set(naps))
    slept.clear()
    consumer.blueprint.state = CLOSE
    consumer.blueprint.restart(consumer)
    assert slept == []


def test_a_worker_that_is_told_to_end_waits_for_no_broker(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    """celery.worker.state.should_stop"""
    monkeypatch.setattr("celery.worker.state.should_stop", 0)
    monkeypatch.setattr("worker.steps.Pauses.next", lambda _: 1e9)
    consumer.blueprint.state = RUN
    PatienceStep(None).stop(consumer)


class Counted(PresenceFile):
    """A presence file that counts its touches."""

    touches = 0

    def touch(self) -> None:
        self.touches += 1


def test_the_consumer_s_timer_touches_the_presence_file_again_and_again(
    consumer: Consumer, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """celery.worker.consumer.Consumer.timer, kombu.asynchronous.timer.Timer.call_repeatedly"""
    monkeypatch.setattr("worker.steps.TOUCH_SECONDS", 0.01)
    file = Counted(None)
    presence_step(file)(consumer).start(consumer)
    assert file.touches == 1

    def turned() -> bool:
        consumer.hub.fire_timers()
        return file.touches >= 3

    eventually(turned, PATIENCE)


class Tally(Breaker):
    """A breaker that only counts."""

    def __init__(self, model_dir: Path) -> None:
        super().__init__(model_dir)
        self.deaths = self.answers = 0
        self.given: list[int] = []

    def died(self) -> None:
        self.deaths += 1

    def answered(self) -> None:
        self.answers += 1


class Heard(Waits):
    """Waits that only listen."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(Path("nowhere"))
        self._tally = tally

    def gave(self, result: int) -> None:
        self._tally.given.append(result)


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path)


def test_the_pool_tells_of_processes_that_died_and_of_one_that_ended_itself_with_an_answer(
    tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """billiard.pool.Pool._join_exited_workers: the exit codes of processes that ended"""
    codes = [0, EX_RECYCLE, -11, 1, ANSWERED_EXIT]
    monkeypatch.setattr(AsynPool, "_join_exited_workers", lambda _self, _shutdown: list(codes))
    processes = telling_pool(tally, Heard(tally)).Pool
    assert issubclass(processes, AsynPool)
    assert processes._join_exited_workers(object.__new__(processes)) == codes
    assert (tally.deaths, tally.answers) == (2, 1)
    assert inspect.signature(Pool._join_exited_workers).parameters["shutdown"].default is False


def test_the_pool_replaces_no_dead_process_while_the_breaker_is_open(
    tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """billiard.pool.Pool._repopulate_pool"""
    replaced: list[list[int]] = []
    monkeypatch.setattr(AsynPool, "_repopulate_pool", lambda _self, codes: replaced.append(codes))
    processes = telling_pool(tally, Heard(tally)).Pool
    pool = object.__new__(processes)
    tally.open = True
    processes._repopulate_pool(pool, [-11])
    tally.open = False
    processes._repopulate_pool(pool, [-9])
    assert replaced == [[-9]]


@pytest.mark.parametrize(
    ("result", "answers", "heard"),
    [
        ((0, "16", 0.1), 1, 16),
        ((0, "0", 0.1), 0, 0),
        ((0, "None", 0.1), 0, 0),
        ((1, "16", 0.1), 0, 0),
        ((0, str(NO_MODEL), 0.1), 0, NO_MODEL),
        ((0, str(UNSEEN), 0.1), 0, UNSEEN),
    ],
)
def test_the_pool_tells_of_messages_whose_rows_were_answered(
    tally: Tally, result: tuple[int, str, float], answers: int, heard: int
) -> None:
    """celery.concurrency.prefork.TaskPool.apply_async(callback=): failed or not, what it gave as text, seconds"""
    pool = telling_pool(tally, Heard(tally))(limit=1)
    given: list[object] = []
    pool.on_apply = lambda *_, callback, **__: callback(result)
    pool.apply_async(None, callback=given.append)
    assert given == [result]
    assert tally.answers == answers
    assert tally.given == [heard]


def test_a_reading_task_gives_its_number_of_answers_as_text() -> None:
    """celery.app.trace.build_tracer: the fourth value it gives, which the pool sends to its parent"""
    app = make_app(Address("memory://", "digits"))

    @app.task(name="count")  # type: ignore[untyped-decorator]  # Celery has no types
    def count() -> int:
        return 16

    traced = build_tracer("count", count, app=app)("id", (), {}, {"delivery_info": {}})
    assert traced[3] == "16"


def test_a_queue_that_is_cancelled_is_taken_from_again_when_it_is_added(connection: Connection) -> None:
    """celery.worker.consumer.Consumer.cancel_task_queue and add_task_queue"""
    app = make_app(Address("memory://", "digits"))
    app.amqp.queues.select([READING_QUEUE])
    consumer = SimpleNamespace(app=app, task_consumer=app.amqp.TaskConsumer(connection.default_channel))
    consumer.task_consumer.consume()
    assert consumer.task_consumer.consuming_from(READING_QUEUE)
    Consumer.cancel_task_queue(consumer, READING_QUEUE)
    assert not consumer.task_consumer.consuming_from(READING_QUEUE)
    Consumer.add_task_queue(consumer, READING_QUEUE)
    assert consumer.task_consumer.consuming_from(READING_QUEUE)
    consumer.task_consumer.cancel()


def test_a_queue_that_is_cancelled_before_the_event_loop_is_not_taken_from(consumer: Consumer) -> None:
    """celery.worker.loops.asynloop calls kombu.Consumer.consume after our steps have started"""
    app = make_app(Address("memory://", "digits"))
    app.amqp.queues.select([READING_QUEUE])
    with app.connection() as connection:
        worker = SimpleNamespace(app=app, task_consumer=app.amqp.TaskConsumer(connection.default_channel))
        Consumer.cancel_task_queue(worker, READING_QUEUE)
        worker.task_consumer.consume()
        assert not worker.task_consumer.consuming_from(READING_QUEUE)
    assert [step.name.rpartition(".")[2] for step in consumer.blueprint.order][-1] == "Evloop"


def test_a_message_that_comes_after_its_queue_was_cancelled_goes_back_unmarked(
    connection: Connection, client: Client
) -> None:
    """kombu.transport.virtual.Transport._reject_inbound_message, which Transport._deliver calls"""
    assert connection.default_channel
    message = json.loads(call_of(READ_TASK, ids=[1]))
    connection.transport._deliver(message, READING_QUEUE)
    (back,) = client.redis.lrange(client.key(READING_QUEUE), 0, -1)
    assert json.loads(back) == message


def test_no_connection_tells_the_server_its_library(connection: Connection) -> None:
    """`Channel._connparams`: Redis 7.0 has no `CLIENT SETINFO`, so no access rule there could allow it."""
    channel = connection.default_channel
    assert [channel._connparams(asynchronous)["driver_info"] for asynchronous in (False, True)] == [None, None]
