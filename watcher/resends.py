"""Remember which rows were enqueued again, so that one without an answer is enqueued ever more seldom."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds before a row that was enqueued again without an answer is enqueued once more. They double each time.
FIRST_PAUSE = 2.0
#: Longest pause in seconds while no message waits, and while some do: then the row's own may be one of them.
LONGEST_PAUSE, LONGEST_IN_QUEUE = 60.0, 600.0


@dataclass(frozen=True)
class _Sent:
    at: float
    pause: float


class Resends:
    """The rows that were enqueued again in the last minutes."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}

    def due(self, ids: Sequence[int], *, now: float, longest: float) -> list[int]:
        """Give those of the rows whose pause, of at most `longest` seconds, is over, and count them as enqueued."""
        due = [row_id for row_id in ids if self._is_due(row_id, now, longest)]
        for row_id in due:
            before = self._sent.get(row_id)
            self._sent[row_id] = _Sent(now, min(2 * before.pause, LONGEST_IN_QUEUE) if before else FIRST_PAUSE)
        return due

    def forget_old(self, *, now: float) -> None:
        """Forget the rows that were not enqueued again for longer than any pause: they have their answer."""
        self._sent = {row_id: sent for row_id, sent in self._sent.items() if now - sent.at <= 2 * LONGEST_IN_QUEUE}

    def _is_due(self, row_id: int, now: float, longest: float) -> bool:
        sent = self._sent.get(row_id)
        return sent is None or now - sent.at >= min(sent.pause, longest)
