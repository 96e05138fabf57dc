"""`digits run`: everything on this machine, from the dropped file to the reading on the screen."""

import math
import os
import signal
import threading
from contextlib import closing
from io import TextIOWrapper
from types import FrameType

from cli.migrate import when_up
from cli.summary import TABLE_ROWS, Summary
from cli.ticker import Ticker
from db import paths, queries
from db.engine import Database
from db.errors import LedgerError, LedgerGone
from db.migrate import migrate
from db.queries import Result
from logs import configure_logs
from presentation.text import plural, printable, say
from settings import Settings
from supervisor.backlog import STALLED_SECONDS, Backlog
from supervisor.lock import run_lock
from supervisor.log_files import open_log
from supervisor.run import Run
from supervisor.tail import Tail
from trainer.gate import needed
from watcher.folder import require_folder

#: Seconds between two looks at children, ledger and screen; a reading is shown well within a second.
TICK_SECONDS = 0.1


def run(settings: Settings, *, once: bool) -> int:
    """Run until everything is read (`once`) or until a signal; give the exit status."""
    require_folder(os.fsencode(settings.folder))
    with (
        run_lock(settings.var_dir),
        open_log(settings.var_dir / "log" / "run.log") as file,
        TextIOWrapper(file, encoding="utf-8", write_through=True) as log,
        closing(Database(settings.database_url)) as database,
    ):
        configure_logs(settings.log_level, log)
        database.prepare_folder()  # a ledger that can't be made is a mistake, which is not waited for
        when_up(lambda: migrate(database), wait=STALLED_SECONDS if once else math.inf)
        _announce_training(settings)
        with closing(Run(settings)) as supervised:
            return (_once if once else _forever)(settings, database, supervised)


def _announce_training(settings: Settings) -> None:
    """Say that a training comes first, where there is no model to read with."""
    if why := needed(settings.model_dir):
        say(
            f"There is no model to read with: {printable(why)}. One is trained first, which takes about three hours; "
            "`digits models activate` ends the wait.",
            error=True,
        )


def _stop_on_signals() -> threading.Event:
    """Let signals set an event from now on. Before, they end the process: nothing is started yet."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    return stop


def _once(settings: Settings, database: Database, supervised: Run) -> int:
    """Read the backlog, print the readings and the balance; 0 if all files were registered and none is queued."""
    before = when_up(lambda: queries.last_answer(database), wait=STALLED_SECONDS)
    stop = _stop_on_signals()
    supervised.start()
    backlog = Backlog(settings, database, supervised.client)
    summary = Summary(settings.folder)
    try:
        while not stop.is_set() and not backlog.finished(training=supervised.trains):
            supervised.tend()
            summary.trouble(backlog.trouble)
            summary.progress(backlog.read, backlog.registered, backlog.trouble or supervised.doing)
            supervised.require_reading()
            stop.wait(TICK_SECONDS)
    finally:
        summary.close()
    results, total, new = _shown(settings, database, before)
    summary.show(results, total=total, new=new, balance=queries.balance(database), unfinished=backlog.unfinished())
    left = queries.not_registered(database, paths.folder_text(settings.folder, database.url))
    if left.files:
        say(f"{plural(left.files, 'file')} could not be registered: {printable(left.reason or '')}", error=True)
    return 1 if backlog.queued() or left.files else 0


def _shown(settings: Settings, database: Database, before: int) -> tuple[list[Result], int, bool]:
    """Give the first readings, how many there are, whether they are this run's; if it had none, the folder's."""
    folder = paths.folder_text(settings.folder, database.url)
    new, total = queries.in_folder(database, folder, limit=TABLE_ROWS, after=before)
    if total:
        return new, total, True
    return *queries.in_folder(database, folder, limit=TABLE_ROWS), False


def _forever(settings: Settings, database: Database, supervised: Run) -> int:
    """Watch until told to stop, printing each reading as it comes."""
    tail = when_up(lambda: Tail(database), wait=math.inf)
    ticker = Ticker(settings.folder)
    stop = _stop_on_signals()
    supervised.start(watch=True)
    while not stop.is_set():
        supervised.tend()
        try:
            ticker.readings(tail.new())
            ticker.standing(lambda: queries.balance(database), supervised.doing)
            ticker.stopped(supervised.stopped)
            ticker.trouble(supervised.trouble)
            ticker.news(supervised.news())
        except LedgerGone as error:
            ticker.trouble(str(error))
            tail = _begun_anew(database) or tail
        except LedgerError as error:
            ticker.trouble(str(error))
        stop.wait(TICK_SECONDS)
    ticker.close()
    return 0


def _begun_anew(database: Database) -> Tail | None:
    """Make a new ledger, into which all files of the folder come; None if the database can't be used now."""
    try:
        migrate(database)
        return Tail(database)
    except LedgerError:
        return None
