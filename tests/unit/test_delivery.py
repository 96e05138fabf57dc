"""A worker that lost its broker asks the next one for work; what a reading process died on is sent again."""

from typing import Any

import pytest
import redis

from broker.delivery import QoS


class InHand:
    """A message as kombu holds it."""

    def __init__(self) -> None:
        self.delivery_info: dict[str, Any] = {}


class Broker:
    """A channel; `put_back` holds what it got, unless it is lost."""

    do_restore = False

    def __init__(self, *, lost: bool = False) -> None:
        self.put_back: list[InHand] = []
        self._lost = lost

    def _restore_at_beginning(self, message: InHand) -> None:
        if self._lost:
            raise redis.ConnectionError
        self.put_back.append(message)


def full(broker: Broker) -> QoS:
    """Give the count of a worker that holds the one message it may."""
    qos = QoS(broker, prefetch_count=1)
    qos.append(InHand(), "tag")
    assert not qos.can_consume()
    return qos


def test_a_message_that_is_done_makes_place_for_another_and_is_not_sent_again() -> None:
    broker = Broker()
    qos = full(broker)
    qos.ack("tag")
    assert qos.can_consume()
    assert broker.put_back == []


def test_what_a_reading_process_died_on_is_sent_again_and_says_so() -> None:
    broker = Broker()
    qos = full(broker)
    qos.reject("tag", requeue=True)
    assert qos.can_consume()
    assert [message.delivery_info for message in broker.put_back] == [{"redelivered": True}]


def test_a_message_that_can_not_be_given_back_any_more_makes_place_for_another() -> None:
    qos = full(Broker(lost=True))
    with pytest.raises(redis.ConnectionError):
        qos.reject("tag", requeue=True)
    assert qos.can_consume()


def test_a_message_with_a_forged_tag_can_be_rejected_twice() -> None:
    broker = Broker()
    qos = full(broker)
    for _ in range(2):
        qos.reject("tag", requeue=True)
        qos.append(InHand(), "another")
    assert len(broker.put_back) == 1
