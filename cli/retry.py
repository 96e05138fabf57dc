"""Put rows back in the queue."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from broker.address import address_of
from broker.client import Client
from broker.errors import BrokerRefuses
from cli.errors import OutOfReach
from cli.ledger import file_is_gone, known_rows, opened
from db.engine import Database
from db.intake import requeue, requeue_failed
from db.paths import folder_path
from db.queries import Result, failed_by_folder
from db.tables import Status
from presentation.text import plural, printable, say
from settings import Settings

#: What a file that is gone can't get again.
_READ = (Status.ACCEPTED, Status.REVIEW, Status.REJECTED)


@dataclass(frozen=True)
class _Retried:
    """The rows put back; why rows are kept as they are; the number of rows whose folder can't be located."""

    ids: list[int]
    kept: list[str]
    lost: int


def retry(settings: Settings, paths: Sequence[Path] | None) -> None:
    """Queue the named files, or with None all failed ones, once more. Commits.

    A file that is gone, or that can't be looked at here, keeps the reading that it has. A row whose folder can't be
    located stays as it is: nobody would answer it. Raises CommandFailed, and changes nothing, if the ledger does not
    know one of the names. Raises BrokerUnavailable, and changes nothing, for a broker's URL that can't be used.
    """
    with closing(Client(address_of(settings))) as client, opened(settings.database_url) as database:
        done = _named(database, known_rows(database, settings.folder, paths)) if paths else _failed(database)
        lost = _enqueue(client, done.ids) if done.ids else None
    for why in done.kept:
        say(why)
    if done.lost:
        why = "the ledger does not name the directory in which the folder lies"
        say(f"{plural(done.lost, 'file')} not put back: {why}.")
    if done.ids:
        later = f"; {lost}, so the next `digits run` reads them" if lost else ""
        say(f"{plural(len(done.ids), 'file')} put back in the queue{later}.")
    elif not done.kept and not done.lost:
        say("No file has failed; nothing to put back.")


def _named(database: Database, rows: Sequence[Result]) -> _Retried:
    located = [row for row in rows if folder_path(row.folder, database.url) is not None]
    kept = {row.id: why for row in located if row.status in _READ and (why := _kept(row, database.url))}
    ids = requeue(database, [row.id for row in located if row.id not in kept])
    return _Retried(ids, list(kept.values()), len(rows) - len(located))


def _failed(database: Database) -> _Retried:
    counts = failed_by_folder(database)
    lost = sum(count for folder, count in counts.items() if folder_path(folder, database.url) is None)
    ids = requeue_failed(database, [folder for folder in counts if folder_path(folder, database.url) is not None])
    return _Retried(ids, [], lost)


def _kept(row: Result, ledger: URL) -> str | None:
    """Say why a row keeps its reading; None if its file is here to be read."""
    name = printable(row.path)
    try:
        if not file_is_gone(row, ledger):
            return None
    except OutOfReach as error:
        return f"{name} keeps its reading: {error}"
    return f"{name} is gone, so it keeps its reading: `digits forget` takes it out of the ledger"


def _enqueue(client: Client, ids: Sequence[int]) -> str | None:
    """Enqueue rows; give why that was not possible."""
    if client.enqueue(ids):
        return None
    return str(client.lost) if isinstance(client.lost, BrokerRefuses) else "no broker answers"
