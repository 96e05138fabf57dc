"""Two installations on one Redis: neither sees the other's messages, workers, events or commands."""

import contextlib
import runpy
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from kombu import Exchange, Message, Queue

from broker.address import Address
from broker.client import Client
from broker.connection import connect
from broker.message import READING_QUEUE
from broker.presence import OwnPresence, present
from worker.app import make_app

#: Seconds for anything that is waited for.
PATIENCE = 20.0
#: Seconds in which what must not come would have come.
NOTHING_SECONDS = 1.5


class Installation:
    """What one installation has of a Redis: a producer's client, and the app of its workers."""

    def __init__(self, address: Address) -> None:
        self.client = Client(address)
        self.app = make_app(address, events=True)

    def receive(self) -> Message | None:
        """Wait for a message as a worker does; None if there is none. It is acknowledged."""
        queue = Queue(READING_QUEUE, Exchange(READING_QUEUE), READING_QUEUE)  # declared as Celery declares it
        received: list[Message] = []
        with (
            self.app.connection() as connection,
            connection.Consumer([queue], accept=["json"], callbacks=[lambda _, message: received.append(message)]),
        ):
            try:
                connection.drain_events(timeout=NOTHING_SECONDS)
            except TimeoutError:
                return None
            received[0].ack()
        return received[0]

    @contextlib.contextmanager
    def listening(self) -> Iterator[Callable[[float], bool]]:
        """Listen as a monitor does; give what waits so long for an event, and tells whether one came."""
        events: list[object] = []
        with (
            self.app.connection() as connection,
            self.app.events.Receiver(connection, {"*": events.append}).consumer_context() as (listener, *_),
        ):

            def hears(seconds: float) -> bool:
                with contextlib.suppress(TimeoutError):
                    while not events:
                        listener.drain_events(timeout=seconds)
                return bool(events)

            assert not hears(NOTHING_SECONDS)  # it subscribes with the first look
            yield hears

    def close(self) -> None:
        self.client.close()
        self.app.close()


@pytest.fixture
def ours(broker_url: str) -> Iterator[Installation]:
    with closing(Installation(Address(broker_url, "ours"))) as installation:
        yield installation


@pytest.fixture
def theirs(broker_url: str) -> Iterator[Installation]:
    with closing(Installation(Address(broker_url, "theirs"))) as installation:
        yield installation


def test_a_message_waits_in_one_namespace_and_is_received_in_it_alone(ours: Installation, theirs: Installation) -> None:
    ours.client.enqueue([1])
    assert (ours.client.waiting(), theirs.client.waiting()) == (1, 0)
    assert theirs.receive() is None
    assert ours.receive()
    assert ours.client.waiting() == 0


def test_a_message_that_a_worker_holds_at_its_end_goes_back_into_its_namespace(
    ours: Installation, theirs: Installation
) -> None:
    held: list[Message] = []
    ours.client.enqueue([1])
    queue = Queue(READING_QUEUE, no_declare=True)
    with (
        ours.app.connection() as connection,
        connection.Consumer([queue], accept=["json"], callbacks=[lambda _, message: held.append(message)]),
    ):
        connection.drain_events(timeout=PATIENCE)
    assert (ours.client.waiting(), theirs.client.waiting()) == (1, 0)
    assert theirs.receive() is None


def test_a_training_asked_for_in_one_is_still_asked_for_in_the_other(ours: Installation, theirs: Installation) -> None:
    ours.client.ask_for_training()
    assert (ours.client.trainings_waiting(), theirs.client.trainings_waiting()) == (1, 0)
    theirs.client.ask_for_training()
    assert theirs.client.trainings_waiting() == 1


def test_only_one_s_own_processes_are_present(ours: Installation, theirs: Installation) -> None:
    OwnPresence(ours.client, "worker", lambda: "model 3").announce()
    assert [one.role for one in present(ours.client) or []] == ["worker"]
    assert present(theirs.client) == []


def test_what_a_monitor_is_told_stays_in_the_namespace(ours: Installation, theirs: Installation) -> None:
    with ours.listening() as we_hear, theirs.listening() as they_hear:
        with ours.app.events.default_dispatcher() as dispatcher:
            dispatcher.send("worker-online")
        assert we_hear(PATIENCE)
        assert not they_hear(NOTHING_SECONDS)


def test_the_monitor_s_app_has_the_namespace_that_is_set(
    ours: Installation, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_REDIS_URL", broker_url)
    monkeypatch.setenv("DIGITS_REDIS_NAMESPACE", "ours")
    monitor = runpy.run_module("worker.monitor")["app"]
    assert monitor.conf.broker_transport_options == ours.app.conf.broker_transport_options
    assert monitor.conf.broker_url == broker_url


def test_a_command_is_given_to_one_s_own_workers_alone(ours: Installation, broker_url: str) -> None:
    """Ours listen to none, but others' workers on the same Redis may."""
    with connect(broker_url) as anyone, anyone.pubsub() as listening:
        listening.psubscribe("*")
        assert listening.get_message(timeout=PATIENCE)
        ours.app.control.broadcast("shutdown")
        heard = listening.get_message(timeout=PATIENCE)
    assert heard
    assert heard["channel"] == b"ours:/0.celery.pidbox"


def test_all_that_we_have_in_redis_begins_with_the_namespace(ours: Installation, broker_url: str) -> None:
    ours.client.enqueue([1, 2])
    ours.client.ask_for_training()
    OwnPresence(ours.client, "worker", lambda: "model 3").announce()
    assert ours.receive()
    ours.client.enqueue([1])
    with connect(broker_url) as anyone:
        keys = {key.decode() for key in anyone.keys("*")}
    assert {"ours:reading", "ours:training", "ours:training-asked", "ours:presence"} < keys
    assert {key for key in keys if not key.startswith("ours:")} == set()
