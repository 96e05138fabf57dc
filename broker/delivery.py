"""The messages a worker has claimed: only its memory keeps them, as the ledger still owes their rows.

What is private in kombu (5.7) here has its tests in tests/integration/test_seams.py.
"""

from kombu.transport import virtual


class QoS(virtual.QoS):  # type: ignore[misc]  # kombu has no types
    """Counts the claimed messages.

    kombu would note each in Redis too, to send it again minutes after its worker died. The watcher does so sooner,
    and the note costs every dropped file two waits for Redis.
    """

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - as kombu has it
        """Forget a message; with `requeue`, as when its reading process died, deliver it once more.

        It stays in the worker's memory and is marked as redelivered there. In Redis anybody could write that mark, and
        so have a file failed for crashes that never were.
        """
        message = self._delivered.get(delivery_tag)  # not `get`, which raises for a tag that is gone
        self.ack(delivery_tag)
        if requeue and message is not None:
            message.delivery_info["redelivered"] = True
            self.channel.given_back.append(message.serializable())
