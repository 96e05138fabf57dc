"""`digits run`: everything on this machine, from the dropped file to the reading on the screen."""

import os
import signal
import threading
import time
from types import FrameType

from cli.summary import TABLE_ROWS, Summary
from cli.ticker import Ticker
from db import intake, paths, queries
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import migrate
from db.queries import Result
from settings import Settings
from supervisor.backlog import Backlog
from supervisor.errors import RunFailed
from supervisor.supervisor import Supervisor, run_lock
from supervisor.tail import Tail
from watcher.folder import require_folder
from worker.client import Client
from worker.logs import configure_logs
from worker.presence import FAILED, Presence, living

#: Seconds between two looks at children, ledger and screen; a reading is shown well within a second.
TICK_SECONDS = 0.1
#: Seconds between two looks at who is alive.
LOOK_AROUND_SECONDS = 1.0


def run(settings: Settings, *, once: bool) -> int:
    """Run until everything is read (`once`) or until a signal; give the exit status."""
    require_folder(os.fsencode(settings.folder))
    lock = run_lock(settings.var_dir)
    database = Database(settings.database_url)
    with (settings.var_dir / "log" / "run.log").open("a", encoding="utf-8") as log:
        configure_logs(settings.log_level, log)
        migrate(database)
        run_here = _Run(settings, database, _stop_on_signals())
        try:
            return run_here.once() if once else run_here.forever()
        finally:
            run_here.close()
            database.close()
            lock.close()


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
        self._doing = ""
        self._next_look = 0.0

    def once(self) -> int:
        """Read the backlog, print the readings and the balance; 0 if nothing is queued any more."""
        began = intake.now_ms()
        self._supervisor.start()
        backlog = Backlog(self._settings, self._database, self._client)
        summary = Summary(self._settings.folder)
        try:
            while not self._stop.is_set() and not backlog.finished(training=self._trains()):
                self._tend()
                summary.progress(backlog.read, backlog.registered, self._doing)
                self._fail_with_trainer()
                self._stop.wait(TICK_SECONDS)
        finally:
            summary.close()
        results, total, new = self._shown(began)
        summary.show(
            results, total=total, new=new, balance=queries.balance(self._database), unfinished=backlog.unfinished()
        )
        return 1 if backlog.queued() else 0

    def forever(self) -> int:
        """Watch until told to stop, printing each reading as it comes."""
        tail = Tail(self._database)
        ticker = Ticker(self._settings.folder)
        self._supervisor.start(watch=True)
        while not self._stop.is_set():
            self._tend()
            try:
                ticker.readings(tail.new())
                ticker.standing(lambda: queries.balance(self._database), self._doing)
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
        self._doing = self._described()
        if self._client.trainings_waiting() and not self._supervisor.trainer.running:
            self._supervisor.trainer.start()

    def _described(self) -> str:
        if self._client.waiting() is None:
            return "the broker does not answer"
        trainers = [one.doing for one in self._present if one.role == "trainer"]
        workers = [one.doing for one in self._present if one.role == "worker"]
        if trainers:
            return f"training: {trainers[0]}"
        if not workers:
            return "workers are starting"
        return f"{len(workers)} {'worker' if len(workers) == 1 else 'workers'}, {workers[0]}"

    def _trains(self) -> bool:
        return any(one.role == "trainer" for one in self._present)

    def _fail_with_trainer(self) -> None:
        for one in self._present:
            if one.role == "trainer" and one.doing.startswith(FAILED):
                raise RunFailed(f"there is no model to read with, and {one.doing.removeprefix(FAILED)}")

    def _shown(self, began: int) -> tuple[list[Result], int, bool]:
        """Give the first readings, how many there are, whether they are this run's; if it had none, the folder's."""
        folder = paths.folder_text(self._settings.folder)
        new, total = queries.in_folder(self._database, folder, limit=TABLE_ROWS, since_ms=began)
        if total:
            return new, total, True
        return *queries.in_folder(self._database, folder, limit=TABLE_ROWS), False
