"""Run one part in the foreground: the watcher, or a worker."""

import os
import signal
import sys
import threading

from broker.address import Address, address_of
from broker.connection import ping, wait_for, wait_until
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import require_migrated
from logs import Outage
from settings import Settings


def watch(settings: Settings, *, attached: bool) -> None:
    """Watch until SIGTERM or SIGINT. Raises FolderMissing, LedgerError or BrokerUnavailable at the start."""
    from broker.client import Client  # noqa: PLC0415 - likewise
    from broker.presence import OwnPresence  # noqa: PLC0415 - likewise
    from broker.presence_file import PresenceFile  # noqa: PLC0415 - likewise
    from logs import configure_logs  # noqa: PLC0415 - likewise
    from watcher.folder import require_folder  # noqa: PLC0415 - a worker has no use for what these import
    from watcher.selection import selection_of  # noqa: PLC0415 - likewise
    from watcher.watch import Watcher  # noqa: PLC0415 - likewise

    require_folder(os.fsencode(settings.folder))
    configure_logs(settings.log_level)
    if attached:
        _end_with_parent()
    database, address = _connected(settings, attached=attached)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    client = Client(address)
    presence = OwnPresence(client, "watcher", lambda: str(settings.folder))
    presence.start()
    watcher = Watcher(
        settings.folder,
        database,
        client,
        polling=settings.watch == "polling",
        settle_seconds=settings.settle_seconds,
        rescan_seconds=settings.rescan_seconds,
        presence_file=PresenceFile(settings.presence_file),
        selection=selection_of(settings),
    )
    watcher.run(stop)
    presence.end()


def work(settings: Settings, *, trains: bool, attached: bool) -> None:
    """Read (or train) until SIGTERM or SIGINT. Raises RuntimeMissing, LedgerError or BrokerUnavailable at the start."""
    from logs import configure_logs  # noqa: PLC0415 - likewise
    from recognizer.installed import require_runtime, runtime_for  # noqa: PLC0415 - the watcher has no use for what it imports
    from worker.serve import serve  # noqa: PLC0415 - likewise

    configure_logs(settings.log_level)
    require_runtime("keras" if trains else runtime_for(settings.runtime))
    if attached:
        _end_with_parent()
    _connected(settings, attached=attached)[0].close()
    serve(settings, processes=settings.workers, trains=trains)


def _connected(settings: Settings, *, attached: bool) -> tuple[Database, Address]:
    """Open ledger and broker. A database that is away is waited for, now as later on.

    A part of `digits run` waits for its broker too, as its end would look like its own fault.
    """
    database = Database(settings.database_url)
    outage = Outage("the database is away, this part waits for it", "the database is back")
    wait_until(lambda: require_migrated(database), DatabaseUnavailable, outage.lost)
    outage.back()
    address = address_of(settings)
    (wait_for if attached else ping)(address.url)
    return database, address


def _end_with_parent() -> None:
    """End as after SIGTERM when the parent process ends: it closes our standard input, even if it is killed."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):  # not the buffered reader: its lock would trouble the interpreter's end
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
