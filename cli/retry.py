"""Put rows back in the queue."""

import os
from collections.abc import Sequence
from pathlib import Path

from broker.address import Address, address_of
from broker.client import Client
from broker.connection import ping
from broker.errors import BrokerUnavailable
from cli.ledger import file_of, known_rows, opened
from db.intake import requeue
from db.paths import to_bytes
from db.queries import Result
from db.tables import Status
from presentation.text import plural, printable, say
from settings import Settings

#: What a file that is gone can't get again.
_READ = (Status.ACCEPTED, Status.REVIEW, Status.REJECTED)


def retry(settings: Settings, paths: Sequence[Path] | None) -> None:
    """Queue the named files, or with None all failed ones, once more. Commits.

    A file that is gone keeps the reading that it has. Raises CommandFailed, and changes nothing, if the ledger does not
    know one of the names.
    """
    with opened(settings.database_url) as database:
        known = known_rows(database, settings.folder, paths) if paths else None
        kept = [row for row in known or () if row.status in _READ and _is_gone(row)]
        ids = requeue(database, None if known is None else [row.id for row in known if row not in kept])
    for row in kept:
        say(f"{printable(row.path)} is gone, so it keeps its reading: `digits forget` takes it out of the ledger")
    if ids:
        enqueued = _enqueue(address_of(settings), ids)
        later = "" if enqueued else "; no broker answers, so the next `digits run` reads them"
        say(f"{plural(len(ids), 'file')} put back in the queue{later}.")
    elif not kept:
        say("No file has failed; nothing to put back.")


def _is_gone(row: Result) -> bool:
    """Whether the file is gone; it may only be out of reach where its folder is not here."""
    return os.path.isdir(to_bytes(row.folder)) and not os.path.lexists(file_of(row))


def _enqueue(address: Address, ids: Sequence[int]) -> bool:
    try:
        ping(address.url)
    except BrokerUnavailable:
        return False
    client = Client(address)
    try:
        return client.enqueue(ids)
    finally:
        client.close()
