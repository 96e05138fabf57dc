"""Notice a file that its reader does not get done with, while the reader is still at it."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

#: With what a reader ends itself for a file that took too long, once the file has its answer.
ANSWERED_EXIT = 75

Item = TypeVar("Item")


class Watchdog(Generic[Item]):
    """Calls `expired(item)` once, in a thread of its own, if an item is begun and not followed within `seconds`.

    That works while the item's own thread is in a library's code that gives way to other threads, as decoders do.
    """

    def __init__(self, seconds: float, expired: Callable[[Item], None]) -> None:
        self._seconds = seconds
        self._expired = expired
        self._begun: tuple[float, Item] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def begin(self, item: Item) -> None:
        """Count the time from now on, for this item."""
        self._begun = (time.monotonic(), item)

    def __enter__(self) -> "Watchdog[Item]":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        wait = self._seconds
        while not self._over.wait(wait):
            begun = self._begun
            wait = self._seconds if begun is None else begun[0] + self._seconds - time.monotonic()
            if begun is not None and wait <= 0:
                self._expired(begun[1])
                return
