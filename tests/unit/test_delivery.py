"""A worker that lost its broker asks the next one for work."""

from typing import NoReturn

import pytest
import redis
from kombu.transport import virtual

from worker.delivery import QoS
from worker.transport import Channel


class Lost:
    """A channel whose broker is gone."""

    do_restore = False

    def conn_or_acquire(self, _client: object = None) -> NoReturn:
        raise redis.ConnectionError


@pytest.fixture
def full() -> QoS:
    """Give the count of a worker that holds the one message it may."""
    qos = QoS(Lost(), prefetch_count=1)
    virtual.QoS.append(qos, object(), "tag")
    assert not qos.can_consume()
    return qos


def test_a_message_that_can_not_be_acknowledged_any_more_makes_place_for_another(full: QoS) -> None:
    with pytest.raises(redis.ConnectionError):
        full.ack("tag")
    assert full.can_consume()


def test_a_message_that_can_not_be_given_back_any_more_makes_place_for_another(full: QoS) -> None:
    with pytest.raises(redis.ConnectionError):
        full.reject("tag", requeue=True)
    assert full.can_consume()


def test_the_transport_counts_like_that() -> None:
    assert Channel.QoS is QoS
