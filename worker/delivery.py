"""Keep a worker's hands free when the broker is lost: a message that it can't give back any more binds none of them."""

from kombu.transport import redis, virtual


class QoS(redis.QoS):  # type: ignore[misc]  # kombu has no types
    """Counts the messages in hand, and lets go of one even if the broker could not be told.

    kombu 5.7 goes on counting it: once as many are stuck as a worker may hold, it asks for no more, and as it asks for
    nothing it does not notice that the broker is back either.
    """

    def ack(self, delivery_tag: str) -> None:
        """Tell the broker that a message is done."""
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - as kombu has it
        """Tell the broker that a message is not done."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise
