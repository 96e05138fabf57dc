"""Turn the operating system's file events into paths to look at; an event means no more than that."""

import os
import queue
import sys
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Look:
    """A path to look at, relative to the watched folder. `closed`: the writer is known to be done with it."""

    path: bytes
    closed: bool = False
    directory: bool = False


#: Only Linux tells when a writer closes a file; elsewhere every change is a reason to look.
_WANTED: list[type[FileSystemEvent]] = [FileCreatedEvent, FileMovedEvent, DirCreatedEvent, DirMovedEvent] + (
    [FileClosedEvent] if sys.platform == "linux" else [FileModifiedEvent]
)


class EventSource:
    """Watches a folder, everything below it included, and fills `looks`."""

    def __init__(self, folder: bytes) -> None:
        """Start watching. Raises OSError when the machine's watches are used up."""
        self.looks: queue.SimpleQueue[Look] = queue.SimpleQueue()
        self._observer = Observer()
        self._observer.schedule(_Handler(folder, self.looks), os.fsdecode(folder), recursive=True, event_filter=_WANTED)
        self._observer.start()

    def alive(self) -> bool:
        """Whether events still come: they end with the folder they were asked for."""
        return all(emitter.is_alive() for emitter in self._observer.emitters)

    def close(self) -> None:
        """Stop watching. Safe to call twice."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


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
