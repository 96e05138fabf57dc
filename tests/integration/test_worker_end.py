"""A worker that is told to end waits for nothing, and gives back what it has not begun."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu.asynchronous import Hub

from broker.address import Address
from broker.client import Client
from broker.message import READING_QUEUE
from broker.server import EmbeddedBroker
from broker.transport import Channel
from worker.app import make_app

Eventually = Callable[[Callable[[], object], float], None]


@pytest.fixture
def address(short_path: Path) -> Iterator[Address]:
    server = EmbeddedBroker(short_path / "var")
    server.ensure()
    yield Address(server.url, "digits")
    server.stop()


@pytest.fixture
def channel(address: Address) -> Iterator[Channel]:
    """Give a channel that has asked Redis for a message, and for an answer that may take for ever."""
    hub = Hub()
    with make_app(address).connection() as connection:
        connection.register_with_event_loop(hub)
        channel: Channel = connection.channel()
        channel.brpop_timeout = 0
        channel.basic_consume(READING_QUEUE, no_ack=False, callback=lambda _: None, consumer_tag="reader")
        for tick in hub.on_tick:  # one turn of the event loop, up to where it would wait
            tick()
        yield channel


def test_it_does_not_wait_for_a_message_that_may_never_come(channel: Channel, address: Address) -> None:
    channel.close()  # a wait for the answer would end with an error, after ten seconds
    client = Client(address)
    client.enqueue([1])
    assert client.waiting() == 1, "it was still given a message"
    client.close()


def test_a_message_that_came_meanwhile_is_given_back(
    channel: Channel, address: Address, eventually: Eventually
) -> None:
    client = Client(address)
    client.enqueue([1])
    eventually(lambda: client.waiting() == 0, 5)
    channel.close()
    assert client.waiting() == 1
    client.close()
