"""Put rows back in the queue."""

from collections.abc import Sequence
from pathlib import Path

from broker.address import Address, address_of
from broker.client import Client
from broker.connection import ping
from broker.errors import BrokerUnavailable
from cli.errors import CommandFailed
from cli.ledger import opened, rows_named
from db.engine import Database
from db.intake import requeue
from presentation.text import plural, printable, say
from settings import Settings


def retry(settings: Settings, paths: Sequence[Path] | None) -> None:
    """Queue the named files, or with None all failed ones, once more. Commits.

    Raises CommandFailed, and changes nothing, if the ledger does not know one of the names.
    """
    with opened(settings.database_url) as database:
        known = _known(database, settings.folder, paths) if paths else None
        ids = requeue(database, known)
    if not ids:
        say("No file has failed; nothing to put back.")
        return
    enqueued = _enqueue(address_of(settings), ids)
    later = "" if enqueued else "; no broker answers, so the next `digits run` reads them"
    say(f"{plural(len(ids), 'file')} put back in the queue{later}.")


def _known(database: Database, folder: Path, paths: Sequence[Path]) -> list[int]:
    known: list[int] = []
    for path in paths:
        rows = rows_named(database, folder, path)
        if not rows:
            raise CommandFailed(f"the ledger has no file {printable(str(path))}: `digits results` lists what it has")
        known += [row.id for row in rows]
    return list(dict.fromkeys(known))


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
