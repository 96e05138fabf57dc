"""Enqueue rows to read, ask for a training, count what waits.

A message is only a hint. Rows whose message can't be sent stay queued in the ledger, and are enqueued again.
"""

import math
from collections.abc import Sequence

from broker.address import Address
from broker.connection import connect
from broker.errors import BROKER_ERRORS, BrokerUnavailable, unavailable
from broker.message import QUEUES, READ_TASK, READING_QUEUE, TRAIN_TASK, TRAINING_QUEUE, call_of

#: Maximum number of rows in a message.
CHUNK_ROWS = 256
#: Minimum number of rows in a message, if there are that many: a smaller one costs more than reading its rows.
LEAST_ROWS = 16
#: Minimum number of messages that many rows are split into, so that several workers share them.
LEAST_MESSAGES = 4
#: Seconds in which a second request for the same training is not sent.
TRAINING_ASKED_SECONDS = 30
_TRAINING_ASKED = "training-asked"
#: The sorted set of who is present: broker/presence.py.
PRESENCE = "presence"
_PROBE = "probe"


class Client:
    """One producer's connection. Connects at the first message."""

    def __init__(self, address: Address) -> None:
        self.redis = connect(address.url)
        self.key = address.key
        #: The error of the last call that failed. Its text is empty until one has.
        self.lost = BrokerUnavailable("")

    def enqueue(self, ids: Sequence[int]) -> bool:
        """Enqueue rows in chunks; False if the broker is out of reach. Safe to call twice for the same rows."""
        size = min(CHUNK_ROWS, max(LEAST_ROWS, math.ceil(len(ids) / LEAST_MESSAGES)))
        return self._send([list(ids[start : start + size]) for start in range(0, len(ids), size)])

    def enqueue_together(self, ids: Sequence[int]) -> bool:
        """Enqueue the rows of one message, or some of them, in one message again."""
        return self._send([list(ids)])

    def enqueue_alone(self, ids: Sequence[int]) -> bool:
        """Enqueue each row in its own message: each may be the one that crashes its reader."""
        return self._send([[row_id] for row_id in ids])

    def _send(self, chunks: Sequence[list[int]]) -> bool:
        try:
            for chunk in chunks:
                self._call(READ_TASK, ids=chunk)
        except BROKER_ERRORS as error:
            self.lost = unavailable(error, "LPUSH")
            return False
        return True

    def _call(self, task: str, **arguments: object) -> None:
        self.redis.lpush(self.key(QUEUES[task]), call_of(task, **arguments))

    def ask_for_training(self) -> None:
        """Ask the trainer for the model that is missing; does nothing if that was asked a moment ago."""
        try:
            if self.redis.set(self.key(_TRAINING_ASKED), 1, nx=True, ex=TRAINING_ASKED_SECONDS):
                self._call(TRAIN_TASK, only_if_needed=True)
        except BROKER_ERRORS:
            return  # asked again while files wait

    def train(self, *, epochs: int | None) -> None:
        """Hand a training to the trainer worker. Raises BrokerUnavailable.

        Others may write to Redis too, so a message can neither force a worse model nor choose the network.
        """
        try:
            self._call(TRAIN_TASK, epochs=epochs)
        except BROKER_ERRORS as error:
            raise unavailable(error, "LPUSH") from error

    def waiting(self) -> int | None:
        """Count the messages nobody has taken yet; None if the broker is out of reach."""
        return self._length(READING_QUEUE)

    def trainings_waiting(self) -> int | None:
        """Count the trainings nobody has taken yet; None if the broker is out of reach."""
        return self._length(TRAINING_QUEUE)

    def _length(self, queue: str) -> int | None:
        try:
            return int(self.redis.llen(self.key(queue)))
        except BROKER_ERRORS as error:
            self.lost = unavailable(error, "LLEN")
            return None

    def trouble(self) -> BrokerUnavailable | None:
        """Give what makes the broker useless now; None if it takes and gives messages.

        It may answer and yet be a read-only replica, be full, forbid something, or hold something else under our names.
        """
        for command in (
            *(("LLEN", self.key(queue)) for queue in QUEUES.values()),
            ("TIME",),
            ("ZRANGE", self.key(PRESENCE), 0, 0),
            ("ZREMRANGEBYSCORE", self.key(PRESENCE), "-inf", 0),
            ("SET", self.key(_PROBE), 1, "EX", TRAINING_ASKED_SECONDS),
        ):
            try:
                self.redis.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py has no type for it
            except BROKER_ERRORS as error:
                self.lost = unavailable(error, str(command[0]))
                return self.lost
        return None

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self.redis.close()
