"""A folder that is being watched by a real watcher, and the ledger beside it."""

import hashlib
import os
import threading
from collections.abc import Callable, MutableMapping
from pathlib import Path

from broker.client import Client
from broker.presence_file import PresenceFile
from db import claims, queries
from db.claims import Answer
from db.engine import Database
from db.tables import Status
from watcher.selection import Selection
from watcher.watch import Watcher

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds nothing here takes, so that a file only comes in when its writer is known to be done.
LONG = 3600.0
#: Seconds after which an event that did not come is a failure.
SOON = 20.0


def aged(path: Path) -> Path:
    """Let a file look as if it was written long ago."""
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


class Watched:
    """A folder that is being watched, and the ledger beside it."""

    def __init__(self, folder: Path, database: Database, client: Client, eventually: Eventually) -> None:
        self.folder = folder
        self.database = database
        self.client = client
        self.logs: list[MutableMapping[str, object]] = []
        self._eventually = eventually
        self.presence_file = folder.with_name("presence")
        self.selection = Selection()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self, *, polling: bool = False, settle: float = LONG, rescan: float = LONG, database: Database | None = None
    ) -> None:
        """Start a watcher, and wait until it sees events; by default only a writer that is done brings a file in.

        It is known to watch when the first scan, which comes after, has found the old file `first.png`.
        """
        aged(self.drop("first.png"))
        self._watch(polling, settle, rescan, database)
        self.wait_for("first.png")

    def restart(self) -> None:
        """Start a watcher anew, and wait until it sees events."""
        name = f"{len(self.rows())} were there.png"
        aged(self.drop(name, name.encode()))
        self._watch(polling=False, settle=LONG, rescan=LONG)
        self.wait_for(name)

    def _watch(self, polling: bool, settle: float, rescan: float, database: Database | None = None) -> None:  # noqa: FBT001 - handed through
        self._stop = threading.Event()
        watcher = Watcher(
            self.folder,
            database or self.database,
            self.client,
            polling=polling,
            settle_seconds=settle,
            rescan_seconds=rescan,
            presence_file=PresenceFile(self.presence_file),
            selection=self.selection,
        )
        self._thread = threading.Thread(target=watcher.run, args=(self._stop,), name="watcher")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self.folder.exists():
            self.drop(".wake up")  # an event ends its nap
        if self._thread:
            self._thread.join(60)
            assert not self._thread.is_alive()

    def rows(self) -> dict[str, queries.Result]:
        return {result.path: result for result in queries.results(self.database, queries.Filter())}

    def wait_for(self, *names: str) -> None:
        """Wait until all these files have a row."""
        self._eventually(lambda: set(names) <= self.rows().keys(), SOON)

    def pass_by(self, name: str) -> None:
        """Drop a file and wait for it: what happened before has been seen by then."""
        self.drop(name)
        self.wait_for(name)

    def drop(self, name: str, data: bytes = b"some bytes") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def announced(self, event: str, words: str = "") -> int:
        """Count the log lines of one event."""
        return sum(log["event"] == event and words in str(log.get("why", "")) for log in self.logs)


def read(watched: Watched, name: str) -> queries.Result:
    """Answer a row as a worker does, and give it."""
    row = watched.rows()[name]
    content = hashlib.sha256((watched.folder / name).read_bytes()).hexdigest()
    claims.claim(watched.database, [row.id], "reader")
    answer = Answer(row.id, Status.ACCEPTED, reading="7", confidence=0.9, model_version=1, hash=content)
    assert claims.answer(watched.database, "reader", [answer]) == 1
    return watched.rows()[name]
