"""Celery's transport for Redis, with a look at what comes out of it."""

from functools import cached_property
from typing import Any

from kombu.transport import redis

from broker.admission import admitted
from broker.delivery import QoS


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
