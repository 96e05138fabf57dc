"""The files that `digits run --once` has to read, and whether that is done."""

import os
import time
from pathlib import Path

from broker.client import Client
from broker.connection import Pauses
from db import intake, paths
from db.engine import Database
from db.errors import DatabaseUnavailable
from settings import Settings
from watcher.enqueuer import Enqueuer
from watcher.registrar import Registrar
from watcher.selection import selection_of
from watcher.stability import Settling

#: Seconds without progress after which `--once` looks at folder and broker again: a file may have changed, a message
#: may be lost.
RESCAN_SECONDS = 2.0
#: Seconds without any progress after which `--once` gives up; longer than a lost claim lasts.
STALLED_SECONDS = 150.0
#: Share of the time that `--once` spends on counting queued rows.
COUNTING_SHARE = 0.005
#: Seconds that `--once` waits for files that are still being written when all else is read.
UNFINISHED_SECONDS = 10.0


class Backlog:
    """One watched folder, looked at until all that is in it has its answer."""

    def __init__(self, settings: Settings, database: Database, client: Client) -> None:
        self._database = database
        self._name = paths.folder_text(settings.folder, database.url)
        self._enqueuer = Enqueuer(database, client, self._name)
        folder = os.path.abspath(os.fsencode(settings.folder))
        settling, selection = Settling(settings.settle_seconds), selection_of(settings)
        self._registrar = Registrar(folder, database, self._enqueuer, settling, selection)
        self.registered = 0
        self._queued = 0
        self._next_count = 0.0
        self._next_scan = 0.0
        self._progressed = time.monotonic()
        #: Why the database is of no use, in one sentence; None while it works.
        self.trouble: str | None = None
        self._pauses = Pauses()
        self._next_try = 0.0

    @property
    def read(self) -> int:
        """Count the files of this run that have their answer."""
        return max(0, self.registered - self._queued)

    def finished(self, *, training: bool) -> bool:
        """Look at folder, ledger and broker again; True when all is read, or will not be in this run.

        A model that is being trained counts as progress. A database that is away is tried again and again until then.
        """
        if time.monotonic() < self._next_try:
            return False
        try:
            done = self._is_done(training=training)
        except DatabaseUnavailable as error:
            self.trouble = str(error)
            self._next_try = time.monotonic() + self._pauses.next()
            return time.monotonic() - self._progressed > STALLED_SECONDS
        self.trouble = None
        self._pauses.reset()
        return done

    def _is_done(self, *, training: bool) -> bool:
        if time.monotonic() >= self._next_scan:
            self.registered += self._registrar.scan()
            self._enqueuer.reconcile()
            self._next_scan = time.monotonic() + RESCAN_SECONDS
        self.registered += self._registrar.settle()
        queued = self._counted()
        self.registered = max(self.registered, queued)
        now = time.monotonic()
        if training or queued != self._queued:
            self._queued, self._progressed = queued, now
            self._next_scan = now + RESCAN_SECONDS
        patience = STALLED_SECONDS if queued else UNFINISHED_SECONDS
        return not (queued or self._registrar.settling) or now - self._progressed > patience

    def _counted(self) -> int:
        """Count the queued rows; in between give the last count, as counting takes time from reading."""
        began = time.monotonic()
        if self._queued and began < self._next_count:
            return self._queued
        queued = self.queued()
        self._next_count = time.monotonic() + (time.monotonic() - began) / COUNTING_SHARE
        return queued

    def queued(self) -> int:
        """Count the files of the folder that wait for their answer."""
        return intake.queued(self._database, self._name)

    def unfinished(self) -> list[Path]:
        """Give the files that were still being written."""
        return [Path(os.fsdecode(path)) for path in self._registrar.settling.paths()]
