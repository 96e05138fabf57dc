"""Put rows back in the queue, and ring for them."""

from collections.abc import Sequence
from pathlib import Path

import broker
from cli.errors import CommandFailed
from cli.ledger import opened, rows_named
from db.engine import Database
from db.intake import requeue
from presentation.text import plural, printable, say
from settings import Settings
from worker.client import Client


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
    rung = _ring(broker.url_for(settings.redis_url, settings.var_dir), ids)
    later = "" if rung else "; no broker answers, so the next `digits run` reads them"
    say(f"{plural(len(ids), 'file')} put back in the queue{later}.")


def _known(database: Database, folder: Path, paths: Sequence[Path]) -> list[int]:
    known: list[int] = []
    for path in paths:
        rows = rows_named(database, folder, path)
        if not rows:
            raise CommandFailed(f"the ledger has no file {printable(str(path))}: `digits results` lists what it has")
        known += [row.id for row in rows]
    return list(dict.fromkeys(known))


def _ring(url: str, ids: Sequence[int]) -> bool:
    try:
        broker.ping(url)
    except broker.BrokerUnavailable:
        return False
    client = Client(url)
    try:
        return client.ring(ids)
    finally:
        client.close()
