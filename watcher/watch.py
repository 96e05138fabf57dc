"""Watch a folder until told to stop: first scan, events, rescans, and a look at what the broker lost."""

import os
import queue
import threading
import time

import structlog

from broker.client import Client
from broker.presence_file import PresenceFile
from db import paths
from db.engine import Database
from db.errors import LedgerError
from watcher.enqueuer import Enqueuer
from watcher.errors import FolderMissing
from watcher.events import EventSource, Look
from watcher.folder import require_folder
from watcher.mounts import shared_type
from watcher.registrar import Registrar
from watcher.selection import Selection
from watcher.stability import Settling

#: Seconds between two comparisons of ledger and broker: an LLEN, and a query of the queued rows.
RECONCILE_SECONDS = 2.0
#: Seconds between two scans where the system sends no events.
POLL_SECONDS = 1.0
#: Maximum number of events handled at a time.
BURST = 1024
#: Maximum number of seconds slept, so that a stop is noticed soon.
NAP_SECONDS = 0.5
_MORE_WATCHES = "raise fs.inotify.max_user_watches"
_POLL = "set DIGITS_WATCH=polling"

_log = structlog.get_logger()


class Watcher:
    """Registers every file dropped into `folder`. All its work happens in the thread that calls `run`."""

    def __init__(  # noqa: PLR0913 - four are settings
        self,
        folder: os.PathLike[str],
        database: Database,
        client: Client,
        *,
        polling: bool,
        settle_seconds: float,
        rescan_seconds: float,
        presence_file: PresenceFile | None = None,
        selection: Selection | None = None,
    ) -> None:
        self._folder = os.path.abspath(os.fsencode(folder))
        self._enqueuer = Enqueuer(database, client, paths.folder_text(folder, database.url))
        self._registrar = Registrar(self._folder, database, self._enqueuer, Settling(settle_seconds), selection)
        self._polling = polling
        self._presence_file = presence_file or PresenceFile(None)
        self._rescan_seconds = rescan_seconds
        self._events: EventSource | None = None
        self._identity: tuple[int, int] | None = None
        self._trouble: str | None = None
        self._next_scan = 0.0
        self._next_reconcile = 0.0

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set. Raises FolderMissing if the folder is missing at the start.

        A folder, database or broker that is lost later is logged once, and the watcher waits for it.
        """
        require_folder(self._folder)
        try:
            while not stop.is_set():
                self._step()
        finally:
            self._close_events()

    def _step(self) -> None:
        try:
            if time.monotonic() >= self._next_scan or (not self._trouble and self._replaced()):
                self._rescan()
            elif self._trouble:  # only a scan shows whether it is over
                time.sleep(NAP_SECONDS)
                return
            self._look(self._gather())
            self._registrar.settle()
            if time.monotonic() >= self._next_reconcile:
                self._enqueuer.reconcile()
                self._next_reconcile = time.monotonic() + RECONCILE_SECONDS
            self._announce(None)
            self._presence_file.touch()
        except (LedgerError, FolderMissing) as error:
            # Nothing is remembered for later: the folder is scanned again.
            self._announce(str(error))
            if isinstance(error, FolderMissing):
                self._identity = None  # its watches are gone with it, and a new folder may get the same inode number
            self._next_scan = time.monotonic() + POLL_SECONDS
            time.sleep(NAP_SECONDS)

    def _replaced(self) -> bool:
        """Whether another folder is at the path now, as when a link is turned. Raises FolderMissing."""
        found = require_folder(self._folder)
        return self._identity != (found.st_dev, found.st_ino)

    def _rescan(self) -> None:
        found = require_folder(self._folder)
        if self._identity != (found.st_dev, found.st_ino) or (self._events and not self._events.alive()):
            self._watch_anew()
            self._identity = (found.st_dev, found.st_ino)
        registered = self._registrar.scan()
        if registered:
            _log.info("files registered by a scan", registered=registered)
        pause = self._rescan_seconds if self._events else min(POLL_SECONDS, self._rescan_seconds)
        self._next_scan = time.monotonic() + pause

    def _watch_anew(self) -> None:
        self._close_events()
        if self._polling:
            return
        try:
            self._events = EventSource(self._folder)
        except OSError as error:
            _log.warning("no file events come, the folder is scanned every second instead", why=str(error))
            return
        if why := self._events.missing():
            _log.warning("some subfolders send no events, only scans see their files", why=why, advice=_MORE_WATCHES)
        elif kind := shared_type(self._folder):
            _log.warning("other machines' files may send no events, only scans see them", on=kind, advice=_POLL)

    def _gather(self) -> list[Look]:
        """Wait for the next event, or until something else is due, and take all events there are."""
        due = (
            self._next_scan - time.monotonic(),
            self._next_reconcile - time.monotonic(),
            self._registrar.settling.next_due(),
        )
        pause = max(0.0, min(NAP_SECONDS, *(seconds for seconds in due if seconds is not None)))
        if self._events is None:
            time.sleep(pause)
            return []
        looks = []
        try:
            looks.append(self._events.looks.get(timeout=pause) if pause else self._events.looks.get_nowait())
            while len(looks) < BURST:
                looks.append(self._events.looks.get_nowait())
        except queue.Empty:
            pass
        return looks

    def _look(self, looks: list[Look]) -> None:
        files: dict[bytes, bool] = {}
        directories: dict[bytes, None] = {}
        for look in looks:
            if look.directory:
                directories[look.path] = None
            else:
                files[look.path] = files.get(look.path, False) or look.closed
        for directory in directories:
            self._registrar.scan(directory)
        self._registrar.look(files)

    def _announce(self, trouble: str | None) -> None:
        if trouble and not self._trouble:
            _log.error("the watcher waits", why=trouble)
        elif self._trouble and not trouble:
            _log.info("the watcher goes on")
        self._trouble = trouble

    def _close_events(self) -> None:
        if self._events:
            self._events.close()
            self._events = None
