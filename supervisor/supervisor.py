"""Keep the broker and the parts of `digits run` alive, and end them in order."""

import signal
import time

from broker.address import address_of
from broker.connection import answers, ping
from broker.server import EmbeddedBroker
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
        self.worker = Part("worker", ["worker"], settings, self.address)
        self.watcher = Part("watcher", ["watch"], settings, self.address)
        # SIGQUIT drops a training, which takes long and is asked for again. SIGTERM lets a chunk be finished.
        self.trainer = Part("trainer", ["worker", "--trainer"], settings, self.address, ends_on=signal.SIGQUIT)

    def start(self, *, watch: bool = False) -> None:
        """Start the broker if it is ours, the worker, and with `watch` the watcher. Raises BrokerUnavailable."""
        if self._broker:
            open_log(self._logs / "broker.log").close()  # the server would let everybody read it
            self._broker.ensure()
        else:
            ping(self.address.url)
        self.worker.start()
        if watch:
            self.watcher.start()

    def tend(self) -> None:
        """Start again what died, broker and parts, and keep the logs small.

        Raises RunFailed or BrokerUnavailable if a start fails.
        """
        rotate(self._logs)
        if self._broker and not self._broker.alive():
            self._broker.ensure()
        parts = (self.watcher, self.worker, self.trainer)
        if not self._broker and any(part.died for part in parts) and not answers(self.address.url):
            return  # without a broker no part starts, which is no failure of the part
        for part in parts:
            part.tend()

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
