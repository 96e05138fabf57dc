"""A worker that lost its broker asks the next one for work; what a reading process died on is delivered once more."""

from collections import deque
from typing import Any

from broker.delivery import QoS


class InHand:
    """A message as kombu holds it."""

    def __init__(self) -> None:
        self.delivery_info: dict[str, Any] = {}

    def serializable(self) -> dict[str, Any]:
        return {"properties": {"delivery_info": self.delivery_info}}


class Broker:
    """A channel whose broker may be lost: it has no way to it."""

    do_restore = False

    def __init__(self) -> None:
        self.given_back: deque[dict[str, Any]] = deque()


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
    assert not broker.given_back


def test_what_a_reading_process_died_on_is_delivered_once_more_and_says_so() -> None:
    broker = Broker()
    qos = full(broker)
    qos.reject("tag", requeue=True)
    assert qos.can_consume()
    assert list(broker.given_back) == [{"properties": {"delivery_info": {"redelivered": True}}}]


def test_a_message_with_a_forged_tag_can_be_rejected_twice() -> None:
    broker = Broker()
    qos = full(broker)
    for _ in range(2):
        qos.reject("tag", requeue=True)
        qos.append(InHand(), "another")
    assert len(broker.given_back) == 1
