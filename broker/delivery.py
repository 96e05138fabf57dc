"""Messages in a worker's hand: kept in its memory alone, as the ledger owes their rows whatever becomes of them.

What is private in kombu (5.7) here has its tests in tests/integration/test_seams.py.
"""

from kombu.transport import virtual


class QoS(virtual.QoS):  # type: ignore[misc]  # kombu has no types
    """Counts the messages in hand.

    kombu would note each in Redis too, to send it again minutes after its worker died. The reconciler does so sooner,
    and the note costs every dropped file two waits for Redis.
    """

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - as kombu has it
        """Put back the message of a reading process that died, marked as such, and let go of it in any case.

        A message that the lost broker can't take back must not be counted on: once as many are stuck as a worker may
        hold, it asks for no more, and does not notice that the broker is back either.
        """
        message = self._delivered.get(delivery_tag)  # not `get`, which raises for a tag that is gone
        self.ack(delivery_tag)
        if requeue and message is not None:
            message.delivery_info["redelivered"] = True
            self.channel._restore_at_beginning(message)  # noqa: SLF001 - as kombu's own `reject` does
