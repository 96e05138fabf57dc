"""Enqueue rows: new ones at once, and again those whose message the broker lost."""

import structlog

from broker.client import Client
from db import intake
from db.engine import Database

_log = structlog.get_logger()


class Enqueuer:
    """Enqueues the rows that the ledger has queued. Logs the loss of the broker once, and its return."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._lost = False

    def enqueue(self, ids: list[int]) -> None:
        """Enqueue new rows. While the broker is lost they wait for `reconcile`."""
        if ids:
            self._announce(lost=not self._client.enqueue(ids))

    def reconcile(self) -> None:
        """Enqueue the rows that wait in the ledger although no message waits. Raises DatabaseUnavailable.

        Claimed rows are left out. A row that is enqueued twice is read once.
        """
        waiting = self._client.waiting()
        if self._lost and self._client.trouble():
            return
        self._announce(lost=waiting is None)
        if waiting != 0:
            return
        intake.mend_times(self._database)
        owed = intake.owed(self._database)
        self.enqueue(owed.fresh)
        self._client.enqueue_alone(owed.tried)
        if owed.fresh or owed.tried:
            _log.info("enqueued again", fresh=len(owed.fresh), tried=len(owed.tried))

    def _announce(self, *, lost: bool) -> None:
        if lost and not self._lost:
            _log.error("the broker is lost, files wait in the ledger until it is back", why=self._client.why)
        elif self._lost and not lost:
            _log.info("the broker is back")
        self._lost = lost
