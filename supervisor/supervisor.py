"""Keep the broker and the parts of `digits run` alive, and end them in order."""

import signal
import time

from broker.address import address_of
from broker.connection import Pauses, ping
from broker.errors import BrokerUnavailable
from broker.server import CUT_OFF, EmbeddedBroker
from settings import Settings
from supervisor.log_files import open_log, rotate
from supervisor.part import Part

#: Seconds a part may take to finish its chunk when told to end; the hard limit of a chunk is 60.
GRACE_SECONDS = 20.0


class Supervisor:
    """The broker, if it is ours, and the parts that use it."""

    def __init__(self, settings: Settings) -> None:
        self._broker = None if settings.redis_url else EmbeddedBroker(settings.var_dir)
        self._logs = settings.var_dir / "log"
        self.address = address_of(settings)
        #: Why our broker does not start, in one sentence; None if it runs or is not ours.
        self.trouble: str | None = None
        #: Sentences that were not shown yet.
        self.news: list[str] = []
        self._pauses = Pauses()
        self._next_start = 0.0
        self.worker = Part("worker", ["worker"], settings, self.address)
        self.watcher = Part("watcher", ["watch"], settings, self.address)
        # SIGQUIT drops a training, which takes long and is asked for again. SIGTERM lets a chunk be finished.
        self.trainer = Part("trainer", ["worker", "--trainer"], settings, self.address, ends_on=signal.SIGQUIT)

    def start(self, *, watch: bool = False) -> None:
        """Start the broker if it is ours, the worker, and with `watch` the watcher. Raises BrokerUnavailable."""
        if self._broker:
            self._ensure(self._broker)
        else:
            ping(self.address.url)
        self.worker.start()
        if watch:
            self.watcher.start()

    def tend(self) -> None:
        """Start again what died, broker and parts, and keep the logs small. Raises RunFailed if a part does not start.

        A broker that is away ends no part: each waits for it. Our own broker is tried again and again.
        """
        rotate(self._logs)
        if self._broker:
            self._tend_broker(self._broker)
        for part in (self.watcher, self.worker, self.trainer):
            part.tend()

    def _tend_broker(self, broker: EmbeddedBroker) -> None:
        if broker.alive() or time.monotonic() < self._next_start:
            return
        if broker.cut_off:
            self.news.append(f"{CUT_OFF}.")
        try:
            self._ensure(broker)
        except (BrokerUnavailable, OSError) as error:
            self.trouble = str(error)
            self._next_start = time.monotonic() + self._pauses.next()
        else:
            self.trouble = None
            self._pauses.reset()

    def _ensure(self, broker: EmbeddedBroker) -> None:
        open_log(self._logs / "broker.log").close()  # the server would let everybody read it
        broker.ensure()

    def stop(self) -> None:
        """End everything: first those who use the broker, then the broker. Safe to call twice."""
        parts = (self.watcher, self.worker, self.trainer)
        for part in parts:
            part.end()
        end = time.monotonic() + GRACE_SECONDS
        for part in parts:
            part.wait(max(0.1, end - time.monotonic()))
        if self._broker:
            self._broker.stop()
