"""One `digits run`: its supervised parts, and what they are doing."""

import time

from broker.client import Client
from broker.presence import FAILED, STOPPED, Presence, present
from settings import Settings
from supervisor.errors import RunFailed
from supervisor.supervisor import Supervisor

#: Seconds between two looks at who is alive.
LOOK_AROUND_SECONDS = 1.0


class Run:
    """The parts of one run, which it starts, tends and ends."""

    def __init__(self, settings: Settings) -> None:
        self._supervisor = Supervisor(settings)
        self.client = Client(self._supervisor.address)
        #: What the parts are doing, in a few words.
        self.doing = ""
        self._present: list[Presence] = []
        self._next_look = 0.0

    def start(self, *, watch: bool = False) -> None:
        """Start the broker if it is ours, the worker, and with `watch` the watcher. Raises BrokerUnavailable."""
        self._supervisor.start(watch=watch)

    def tend(self) -> None:
        """Start again what died, and the trainer when a training waits. Raises RunFailed or BrokerUnavailable."""
        self._supervisor.tend()
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_AROUND_SECONDS
        self._present = present(self.client) or []
        self.doing = self._described()
        if self.client.trainings_waiting() and not self._supervisor.trainer.running:
            self._supervisor.trainer.start()

    @property
    def trains(self) -> bool:
        """Whether a trainer is at work."""
        return bool(self._doings("trainer"))

    @property
    def stopped(self) -> str | None:
        """Why our worker has stopped reading, in one sentence; None while it reads."""
        own = (one.doing for one in self._present if one.pid == self._supervisor.worker.pid)
        return next((doing.removeprefix(STOPPED) for doing in own if doing.startswith(STOPPED)), None)

    def require_reading(self) -> None:
        """Raise RunFailed if our worker has stopped reading, or there is no model and its training failed."""
        if self.stopped:
            raise RunFailed(self.stopped)
        for doing in self._doings("trainer"):
            if doing.startswith(FAILED):
                raise RunFailed(f"there is no model to read with, and {doing.removeprefix(FAILED)}")

    def close(self) -> None:
        """End all parts and wait for them."""
        self._supervisor.stop()
        self.client.close()

    def _described(self) -> str:
        if self.client.waiting() is None:
            return "the broker does not answer"
        trainers, workers = self._doings("trainer"), self._doings("worker")
        if self.stopped:
            return self.stopped
        if trainers:
            return f"training: {trainers[0]}"
        if not workers:
            return "workers are starting"
        return f"{len(workers)} {'worker' if len(workers) == 1 else 'workers'}, {workers[0]}"

    def _doings(self, role: str) -> list[str]:
        return [one.doing for one in self._present if one.role == role]
