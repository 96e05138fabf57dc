"""Enqueue again what the ledger still owes: the broker may forget, the ledger does not."""

import structlog

from broker.client import Client
from db import intake
from db.engine import Database

_log = structlog.get_logger()


class Reconciler:
    """Compares what the ledger owes with what the broker has waiting. Announces a lost broker once, and its return."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._lost = False

    def enqueue(self, ids: list[int]) -> None:
        """Enqueue new rows; if the broker is lost, `reconcile` does so when it is back."""
        if ids:
            self._announce(lost=not self._client.enqueue(ids))

    def reconcile(self) -> None:
        """If no message waits although rows do, send them again. Raises DatabaseUnavailable.

        A worker has claimed the rows of its message: these are left out. A row that is enqueued twice is read once.
        """
        waiting = self._client.waiting()
        self._announce(lost=waiting is None)
        if waiting != 0:
            return
        owed = intake.owed(self._database)
        self.enqueue(owed.fresh)
        self._client.enqueue_alone(owed.tried)
        if owed.fresh or owed.tried:
            _log.info("enqueued again", fresh=len(owed.fresh), tried=len(owed.tried))

    def _announce(self, *, lost: bool) -> None:
        if lost and not self._lost:
            _log.error("broker lost; files are kept in the ledger until it is back")
        elif self._lost and not lost:
            _log.info("broker is back")
        self._lost = lost
