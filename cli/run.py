"""`digits run`: everything on this machine, from the dropped file to the reading on the screen."""

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from cli.errors import CommandFailed
from cli.summary import Summary
from cli.supervisor import RunLock, Supervisor
from cli.ticker import Ticker
from db import intake, paths, queries
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import migrate
from db.queries import Result
from settings import Settings
from watcher.folder import require_folder
from watcher.intake import Intake
from watcher.reconciler import Reconciler
from watcher.stability import Settling
from worker.client import Client
from worker.logs import configure_logs
from worker.presence import FAILED, Presence, living

#: Seconds between two looks at children, ledger and screen; a reading is shown well within a second.
TICK_SECONDS = 0.1
#: Seconds between two looks at who is alive.
LOOK_AROUND_SECONDS = 1.0
#: Seconds without progress after which `--once` looks at folder and broker again: a file may have changed, a message
#: may be lost.
RESCAN_SECONDS = 2.0
#: Seconds without any progress after which `--once` gives up; longer than a lost claim lasts.
STALLED_SECONDS = 150.0
#: Seconds that `--once` waits for files that are still being written when all else is read.
UNFINISHED_SECONDS = 10.0


def run(settings: Settings, *, once: bool) -> int:
    """Run until everything is read (`once`) or until a signal; give the exit status."""
    require_folder(os.fsencode(settings.folder))
    lock = RunLock(settings.var_dir)
    log = (settings.var_dir / "log" / "run.log").open("a", encoding="utf-8")
    configure_logs(settings.log_level, log)
    database = Database(settings.database_url)
    migrate(database)
    stop = _stop_on_signals()
    run_here = _Run(settings, database, stop)
    try:
        return run_here.once() if once else run_here.forever()
    finally:
        run_here.close()
        database.close()
        lock.release()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    return stop


class _Run:
    """One `digits run`: the supervised parts, and what a screen needs to know of their work."""

    def __init__(self, settings: Settings, database: Database, stop: threading.Event) -> None:
        self._settings = settings
        self._database = database
        self._stop = stop
        self._supervisor = Supervisor(settings)
        self._client = Client(self._supervisor.url)
        self._present: list[Presence] = []
        self._next_look = 0.0

    def once(self) -> int:
        """Read the backlog, print the readings and the balance; 0 if nothing is queued any more."""
        began = intake.now_ms()
        self._supervisor.start()
        backlog = _Backlog(self._settings, self._database, self._client)
        summary = Summary(self._settings.folder)
        try:
            while not self._stop.is_set() and not backlog.finished():
                self._tend()
                summary.progress(backlog.read, backlog.registered, self._doing())
                self._fail_with_trainer()
                self._stop.wait(TICK_SECONDS)
        finally:
            summary.close()
        results, new = self._shown(began)
        summary.show(results, new=new, balance=queries.balance(self._database), unfinished=backlog.unfinished())
        return 1 if intake.queued(self._database) else 0

    def forever(self) -> int:
        """Watch until told to stop, printing each reading as it comes."""
        tail = _Tail(self._database)
        ticker = Ticker(self._settings.folder)
        self._supervisor.start(watch=True)
        while not self._stop.is_set():
            self._tend()
            try:
                ticker.readings(tail.new())
                ticker.standing(lambda: queries.balance(self._database), self._doing())
                ticker.trouble(None)
            except DatabaseUnavailable as error:
                ticker.trouble(str(error))
            self._stop.wait(TICK_SECONDS)
        ticker.close()
        return 0

    def close(self) -> None:
        """End all parts and wait for them."""
        self._supervisor.stop()
        self._client.close()

    def _tend(self) -> None:
        self._supervisor.tend()
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_AROUND_SECONDS
        self._present = living(self._client.redis)
        if self._client.trainings_waiting() and not self._supervisor.trainer.running:
            self._supervisor.trainer.start()

    def _doing(self) -> str:
        if self._client.waiting() is None:
            return "the broker does not answer"
        trainers = [one.doing for one in self._present if one.role == "trainer"]
        workers = [one.doing for one in self._present if one.role == "worker"]
        if trainers:
            return f"training: {trainers[0]}"
        if not workers:
            return "workers are starting"
        return f"{len(workers)} {'worker' if len(workers) == 1 else 'workers'}, {workers[0]}"

    def _fail_with_trainer(self) -> None:
        for one in self._present:
            if one.role == "trainer" and one.doing.startswith(FAILED):
                raise CommandFailed(f"there is no model to read with, and {one.doing.removeprefix(FAILED)}")

    def _shown(self, began: int) -> tuple[list[Result], int]:
        """Give the readings of this run; if there were none, those the folder has."""
        folder = paths.folder_text(self._settings.folder)
        new = [result for result in queries.answered_since(self._database, began) if result.folder == folder]
        new.sort(key=lambda result: result.path)
        return (new, len(new)) if new else (queries.in_folder(self._database, folder), 0)


class _Backlog:
    """The files that `--once` has to read, and whether that is done."""

    def __init__(self, settings: Settings, database: Database, client: Client) -> None:
        self._database = database
        self._reconciler = Reconciler(database, client)
        folder = os.path.abspath(os.fsencode(settings.folder))
        self._intake = Intake(folder, database, self._reconciler, Settling(settings.settle_seconds))
        self.registered = 0
        self._queued = 0
        self._next_scan = 0.0
        self._progressed = time.monotonic()

    @property
    def read(self) -> int:
        """Files of this run that have their answer."""
        return max(0, self.registered - self._queued)

    def finished(self) -> bool:
        """Look at folder, ledger and broker again; True when all is read, or will not be in this run."""
        if time.monotonic() >= self._next_scan:
            self.registered += self._intake.scan()
            self._reconciler.reconcile()
            self._next_scan = time.monotonic() + RESCAN_SECONDS
        self.registered += self._intake.settle()
        queued = intake.queued(self._database)
        self.registered = max(self.registered, queued)
        now = time.monotonic()
        if queued != self._queued:
            self._queued, self._progressed = queued, now
            self._next_scan = now + RESCAN_SECONDS
        patience = STALLED_SECONDS if queued else UNFINISHED_SECONDS
        return not (queued or self._intake.settling) or now - self._progressed > patience

    def unfinished(self) -> list[Path]:
        """Files that were still being written."""
        return [Path(os.fsdecode(path)) for path in self._intake.settling.paths()]


class _Tail:
    """New answers, each once, as they come."""

    #: Milliseconds looked back, for answers that were committed after later ones.
    _OVERLAP_MS = 500

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since = intake.now_ms()
        self._shown: dict[tuple[int, int | None], int] = {}

    def new(self) -> list[Result]:
        """Give the answers not given before, the earliest first."""
        found = [
            result
            for result in queries.answered_since(self._database, self._since)
            if (result.id, result.recognized_ms) not in self._shown
        ]
        self._shown.update({(one.id, one.recognized_ms): one.recognized_ms or 0 for one in found})
        if self._shown:
            self._since = max(self._since, max(self._shown.values()) - self._OVERLAP_MS)
            self._shown = {key: when for key, when in self._shown.items() if when >= self._since}
        return found
