"""Ring again for whatever the ledger still owes: the broker may forget, the ledger does not."""

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

    def ring(self, ids: list[int]) -> None:
        """Ring for new rows; if the broker is lost they are rung for when it is back."""
        if ids:
            self._announce(lost=not self._client.ring(ids))

    def reconcile(self) -> None:
        """If no message waits although rows do, send them again. Raises DatabaseUnavailable.

        A row whose message is in a worker's hand is claimed and left alone; one that is rung for twice is read once.
        """
        waiting = self._client.waiting()
        self._announce(lost=waiting is None)
        if waiting != 0:
            return
        owed = intake.owed(self._database)
        self.ring(owed.fresh)
        self._client.ring_alone(owed.tried)
        if owed.fresh or owed.tried:
            _log.info("rang again", fresh=len(owed.fresh), tried=len(owed.tried))

    def _announce(self, *, lost: bool) -> None:
        if lost and not self._lost:
            _log.error("broker lost; files are kept in the ledger until it is back")
        elif self._lost and not lost:
            _log.info("broker is back")
        self._lost = lost
