"""Celery's transport for Redis, with what we change in kombu's (5.7).

Each change builds on a private part of kombu. tests/integration/test_seams.py has a test for each of them, which fails
when kombu changes it.
"""

from collections import deque
from functools import cached_property
from typing import Any

from kombu.transport import redis

from broker.admission import admitted
from broker.connection import NO_DRIVER_INFO
from broker.delivery import QoS
from broker.errors import BROKER_ERRORS


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """A channel to which a forged message has never come."""

    ack_emulation = False
    from_transport_options = (*redis.Channel.from_transport_options, "given_back")

    def __init__(self, *args: object, **kwargs: object) -> None:
        #: Messages to deliver once more. The app's own, named in its transport's options, outlives a connection.
        self.given_back: deque[dict[str, Any]] = deque()
        super().__init__(*args, **kwargs)
        # Here and not in the class: without acknowledgements in Redis kombu's __init__ takes a QoS of its own choice.
        self.QoS = QoS

    def _brpop_start(self, timeout: float | None = None) -> None:
        # kombu asks here for the next message. What a reading process died on comes before what waits in Redis.
        while self.given_back and self.qos.can_consume():
            message = self.given_back.popleft()
            self.connection._deliver(message, message["properties"]["delivery_info"]["routing_key"])  # noqa: SLF001 - as kombu does
        if self.qos.can_consume():
            super()._brpop_start(timeout)

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - as kombu has it
        parameters: dict[str, Any] = super()._connparams(asynchronous)
        return parameters | {"driver_info": NO_DRIVER_INFO}

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as kombu has it
        # The one place where kombu makes clients: the asynchronous one waits for messages, the others send commands.
        if not asynchronous:
            return self._writer
        client = super()._create_client(asynchronous)
        client.set_response_callback("BRPOP", admitted)  # the only look at a message before kombu decodes it
        return client

    def close(self) -> None:
        """End without waiting for Redis to say, in up to a second, that there is nothing more to read."""
        waiting = self._in_poll  # kombu's close would read an answer from this connection, however long it takes
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
    # Celery waits out these, and ends for all others: a queue of another type, a read-only replica, a full server.
    connection_errors = (*redis.Transport.connection_errors, *BROKER_ERRORS)

    def _reject_inbound_message(self, raw_message: dict[str, Any]) -> None:
        # One that came when its queue was no longer taken from. Nobody died on it: it is for others.
        self.channels[0]._put(raw_message["properties"]["delivery_info"]["routing_key"], raw_message)  # noqa: SLF001 - likewise
