"""Run a worker in the foreground: reading processes that hold the model, or the one that trains."""

import logging
import os
import signal
import socket
import sys
from typing import Any

from celery import bootsteps

from broker.address import address_of
from broker.message import READING_QUEUE, TRAINING_QUEUE
from broker.presence_file import TOUCH_SECONDS, PresenceFile
from logs import configure_logs
from settings import Settings
from worker.app import make_app
from worker.process import READER, ROLE_VARIABLE, TRAINER


def serve(settings: Settings, *, processes: int, trains: bool) -> None:
    """Work until SIGTERM or SIGINT, then finish the chunk in hand and end. Does not return before."""
    os.environ[ROLE_VARIABLE] = TRAINER if trains else READER
    configure_logs(settings.log_level)
    logging.captureWarnings(True)  # noqa: FBT003 - they become log lines too
    app = make_app(address_of(settings), events=settings.events)
    app.steps["consumer"].add(WakeStep)
    if settings.pulse_file:
        app.steps["consumer"].add(_presence_step(PresenceFile(settings.pulse_file)))
    worker = app.Worker(  # what `celery worker` runs, without the command line's libraries
        hostname=f"{os.environ[ROLE_VARIABLE]}-{os.getpid()}@{socket.gethostname()}",
        pool_cls="prefork",
        concurrency=1 if trains else processes,
        queues=[TRAINING_QUEUE if trains else READING_QUEUE],
        max_tasks_per_child=1 if trains else None,  # a training's memory goes back when it ends
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=not settings.events,
    )
    sys.argv[0] = "celery"
    worker.start()
    sys.exit(worker.exitcode)


class WakeStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Wakes the event loop when a signal comes.

    It would sleep on, for up to a second, after the signal's handler has only noted that the worker is to end.
    """

    # With the consumer: it leaves its event loop when the broker is lost, and starts its steps anew when that is back.
    requires = ("celery.worker.consumer.tasks:Tasks",)
    _bell: socket.socket | None = None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - likewise
        """Have signals ring a bell that the event loop listens to."""
        self._bell, self._signals = socket.socketpair()
        for end in (self._bell, self._signals):
            end.setblocking(False)  # noqa: FBT003 - as sockets have it
        signal.set_wakeup_fd(self._signals.fileno(), warn_on_full_buffer=False)
        parent.hub.add_reader(self._bell, self._bell.recv, 64)

    def stop(self, parent: Any) -> None:  # noqa: ANN401 - likewise
        """Take the bell down, if it was put up: a broker may be lost again before that."""
        if self._bell is None:
            return
        signal.set_wakeup_fd(-1)
        parent.hub.remove_reader(self._bell)
        self._signals.close()
        self._bell.close()
        self._bell = None


def _presence_step(file: PresenceFile) -> type[bootsteps.StartStopStep]:
    """Give what makes the worker's event loop touch the file, as long as it turns and has a broker."""

    class PresenceStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        # With the consumer: it clears all timers when the broker is lost, and starts its steps anew when that is back.
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:  # noqa: ANN401 - likewise
            file.touch()
            consumer.timer.call_repeatedly(TOUCH_SECONDS, file.touch)

    return PresenceStep
