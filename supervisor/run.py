"""One `digits run`: its supervised parts, and what they are doing."""

import time

from broker.client import Client
from broker.presence import FAILED, Presence, present
from settings import Settings
from supervisor.errors import RunFailed
from supervisor.supervisor import Supervisor
from trainer.gate import needed

#: Seconds between two looks at who is alive.
LOOK_AROUND_SECONDS = 1.0


class Run:
    """The parts of one run, which it starts, tends and ends."""

    def __init__(self, settings: Settings) -> None:
        self._supervisor = Supervisor(settings)
        self.client = Client(self._supervisor.address)
        self._model_dir = settings.model_dir
        #: What the parts are doing, in a few words.
        self.doing = ""
        #: Why the broker is of no use, in one sentence; None while it works.
        self.trouble: str | None = None
        #: Whether a trainer is at work on the model that is missing.
        self.trains = False
        self._present: list[Presence] = []
        self._next_look = 0.0

    def start(self, *, watch: bool = False) -> None:
        """Start the broker if it is ours, the worker, and with `watch` the watcher. Raises BrokerUnavailable."""
        self._supervisor.start(watch=watch)

    def tend(self) -> None:
        """Start again what died, and the trainer when a training waits. Raises RunFailed."""
        self._supervisor.tend()
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_AROUND_SECONDS
        self._present = present(self.client) or []
        lost = self.client.trouble()
        self.trouble = self._supervisor.trouble or (str(lost) if lost else None)
        self.doing = self._described()
        self.trains = bool(self._trainings()) and needed(self._model_dir) is not None
        if self.client.trainings_waiting() and not self._supervisor.trainer.running:
            self._supervisor.trainer.start()

    @property
    def stopped(self) -> str | None:
        """Why our worker has stopped reading, in one sentence; None while it reads."""
        return self._supervisor.worker.notice or None

    def news(self) -> list[str]:
        """Give the sentences that were not given before."""
        news, self._supervisor.news = self._supervisor.news, []
        return news

    def require_reading(self) -> None:
        """Raise RunFailed if our worker has stopped reading, or there is no model and our training failed."""
        if self.stopped:
            raise RunFailed(self.stopped)
        failed = self._supervisor.trainer.notice
        if failed and needed(self._model_dir):
            raise RunFailed(f"there is no model to read with, and {failed}")

    def close(self) -> None:
        """End all parts and wait for them."""
        self._supervisor.stop()
        self.client.close()

    def _described(self) -> str:
        if self.trouble:
            return self.trouble
        trainers, workers = self._doings("trainer"), self._doings("worker")
        if self.stopped:
            return self.stopped
        if trainers:
            return f"training: {trainers[0]}"
        if not workers:
            return "workers are starting"
        return f"{len(workers)} {'worker' if len(workers) == 1 else 'workers'}, {workers[0]}"

    def _trainings(self) -> list[str]:
        return [doing for doing in self._doings("trainer") if not doing.startswith(FAILED)]

    def _doings(self, role: str) -> list[str]:
        return [one.doing for one in self._present if one.role == role]
