"""Prepare items in a thread, a few ahead of their consumer."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

#: Seconds between two checks that the consumer still wants more.
_LOOK = 0.1


@dataclass(frozen=True)
class _End:
    """The last thing in the queue, with the error that ended the items early, if one did."""

    error: BaseException | None = None


@contextmanager
def prepared_ahead(items: Iterable[Item], count: int) -> Iterator[Iterator[Item]]:
    """Give an iterator over `items`, which a thread prepares up to `count` in advance. The items may be endless.

    An error of an item is raised in the consumer. The thread ends with the block.
    """
    ready: queue.Queue[Item | _End] = queue.Queue(count)
    left = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, ready, left), name="ahead", daemon=True)
    thread.start()
    try:
        yield _drain(ready)
    finally:
        left.set()
        thread.join()


def _fill(items: Iterable[Item], ready: "queue.Queue[Item | _End]", left: threading.Event) -> None:
    try:
        for item in items:
            if not _put(item, ready, left):
                return
    except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it
        _put(_End(error), ready, left)
    else:
        _put(_End(), ready, left)


def _put(item: Item | _End, ready: "queue.Queue[Item | _End]", left: threading.Event) -> bool:
    """Wait for room; gives False when the consumer has ended."""
    while not left.is_set():
        with suppress(queue.Full):
            ready.put(item, timeout=_LOOK)
            return True
    return False


def _drain(ready: "queue.Queue[Item | _End]") -> Iterator[Item]:
    while True:
        item = ready.get()
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
