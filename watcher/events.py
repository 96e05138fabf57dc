"""Turn the operating system's file events into paths to look at. An event means no more."""

import logging
import os
import queue
import sys
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

_WATCHDOG = logging.getLogger("watchdog")
_log = structlog.get_logger()


@dataclass(frozen=True)
class Look:
    """A path to look at, relative to the watched folder. `closed`: its writer has closed or moved it."""

    path: bytes
    closed: bool = False
    directory: bool = False


#: Only Linux reports that a writer closed a file. Elsewhere every change is a reason to look.
_WANTED: list[type[FileSystemEvent]] = [FileCreatedEvent, FileMovedEvent, DirCreatedEvent, DirMovedEvent] + (
    [FileClosedEvent] if sys.platform == "linux" else [FileModifiedEvent]
)


class EventSource:
    """Watches a folder and all below it, and fills `looks`."""

    def __init__(self, folder: bytes) -> None:
        """Start watching. Raises OSError when the machine has no watches left.

        The system does not watch through a link, so the folder that a link leads to is watched.
        """
        real = os.path.realpath(folder)
        self.looks: queue.SimpleQueue[Look] = queue.SimpleQueue()
        self._observer = Observer()
        self._observer.schedule(_Handler(real, self.looks), os.fsdecode(real), recursive=True, event_filter=_WANTED)
        self._observer.start()
        self._overflow = _Overflow(self._scan_all)
        _WATCHDOG.addHandler(self._overflow)

    def alive(self) -> bool:
        """Whether events still come. They end with the folder."""
        return all(emitter.is_alive() for emitter in self._observer.emitters)

    def missing(self) -> str | None:
        """Say why a part of the folder may have no watch; None if all of it has one.

        watchdog passes over a subfolder that it can't watch, so this tries whether the system still gives a watch.
        """
        if sys.platform != "linux":  # elsewhere one watch is for the whole tree
            return None
        try:
            one_more = self._observer.schedule(FileSystemEventHandler(), os.sep, event_filter=[DirMovedEvent])
        except OSError as error:
            return error.strerror
        self._observer.unschedule(one_more)
        return None

    def close(self) -> None:
        """Stop watching. Safe to call twice."""
        _WATCHDOG.removeHandler(self._overflow)
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def _scan_all(self) -> None:
        _log.warning("events overflowed, scanning")
        self.looks.put(Look(b"", directory=True))


class _Overflow(logging.Handler):
    """Notices that the kernel dropped events: watchdog (since 7.1) only logs that."""

    def __init__(self, overflowed: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._overflowed = overflowed

    def emit(self, record: logging.LogRecord) -> None:
        """Act on the one warning about lost events."""
        if "events were lost" in record.getMessage():
            self._overflowed()


class _Handler(FileSystemEventHandler):
    def __init__(self, folder: bytes, looks: "queue.SimpleQueue[Look]") -> None:
        self._prefix = os.path.join(folder, b"")
        self._looks = looks

    def dispatch(self, event: FileSystemEvent) -> None:
        moved = event.event_type == "moved"
        path = os.fsencode(event.dest_path if moved else event.src_path)
        if path.startswith(self._prefix):
            closed = moved or event.event_type == "closed"
            self._looks.put(Look(path.removeprefix(self._prefix), closed=closed, directory=event.is_directory))
