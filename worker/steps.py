"""Steps of Celery's consumer that are ours: they wake it, are patient, touch the presence file, stop and wait.

What is private in Celery (5.7) here has its tests in tests/integration/test_seams.py.
"""

import math
import signal
import socket
import sys
import time
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import state

from broker import notice
from broker.client import Client
from broker.connection import Pauses
from broker.message import READING_QUEUE
from broker.presence import STOPPED, OwnPresence
from broker.presence_file import TOUCH_SECONDS, PresenceFile
from worker.breaker import WHY, Breaker
from worker.waits import Waits

#: Seconds between two looks at whether another model was made active.
LOOK_SECONDS = 1.0
#: Seconds without a failure of the broker after which the next one is retried at once.
CALM_SECONDS = 30.0
#: Maximum number of seconds slept, so that a stop is noticed soon.
NAP_SECONDS = 0.5

#: Celery's step after which ours start. With it they belong to the consumer, which stops its steps when the broker is
#: lost, clears all timers, and starts the steps anew when the broker is back.
TASKS = "celery.worker.consumer.tasks:Tasks"

_log = structlog.get_logger()


class WakeStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Wakes the event loop when a signal comes.

    The signal's handler only notes that the worker is to end. The loop would sleep on for up to a second.
    """

    requires = (TASKS,)
    _reader: socket.socket | None = None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - likewise
        """Have signals write to a socket that the event loop reads."""
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)  # noqa: FBT003 - as sockets have it
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # The consumer's `hub` is its event loop; Celery has no public way to it.
        parent.hub.add_reader(self._reader, self._reader.recv, 64)

    def stop(self, parent: Any) -> None:  # noqa: ANN401 - likewise
        """Close the socket, if `start` was reached: a broker may be lost again before that."""
        if self._reader is None:
            return
        signal.set_wakeup_fd(-1)
        parent.hub.remove_reader(self._reader)
        self._writer.close()
        self._reader.close()
        self._reader = None


class PatienceStep(bootsteps.StartStopStep):  # type: ignore[misc]  # likewise
    """Waits longer and longer between two tries of a broker that can be reached and yet refuses.

    Celery itself waits only for one that can't be reached, and would try this one many times a second.
    """

    requires = (TASKS,)

    def __init__(self, _parent: Any, **_: object) -> None:  # noqa: ANN401 - likewise
        self._pauses = Pauses()
        self._last = -math.inf
        self._why = ""

    def stop(self, parent: Any) -> None:  # noqa: ANN401 - likewise
        """Say why, and wait, as Celery calls this where it handles a failure. Do neither if the worker is to end."""
        if parent.blueprint.state != bootsteps.RUN:
            return
        if time.monotonic() - self._last > CALM_SECONDS:
            self._pauses.reset()
            self._why = ""
        if self._why != (why := str(sys.exception() or "")):
            self._why = why
            _log.error("the broker can't be used, the worker waits for it", why=why)
        end = time.monotonic() + self._pauses.next()
        while time.monotonic() < end and state.should_stop is None and state.should_terminate is None:
            time.sleep(min(NAP_SECONDS, max(0.0, end - time.monotonic())))
        self._last = time.monotonic()


def presence_step(file: PresenceFile) -> type[bootsteps.StartStopStep]:
    """Give what makes the worker's event loop touch the file, as long as it turns and has a broker."""

    class PresenceStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = (TASKS,)

        def start(self, parent: Any) -> None:  # noqa: ANN401 - likewise
            file.touch()
            parent.timer.call_repeatedly(TOUCH_SECONDS, file.touch)

    return PresenceStep


def taking_step(breaker: Breaker, waits: Waits, client: Client) -> type[bootsteps.StartStopStep]:
    """Give what takes no message while the breaker is open, which it says through a presence, or a wait is on."""

    class TakingStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = (TASKS,)
        _presence: OwnPresence | None = None

        def start(self, parent: Any) -> None:  # noqa: ANN401 - likewise
            breaker.on_change = waits.on_change = lambda: self._obey(parent)
            waits.begin()
            parent.timer.call_repeatedly(LOOK_SECONDS, self._look)
            self._obey(parent)  # it may have changed while the broker was lost

        def stop(self, _parent: Any) -> None:  # noqa: ANN401 - likewise
            breaker.on_change = waits.on_change = lambda: None

        def _look(self) -> None:
            breaker.look()
            waits.look()
            if waits.for_model and not waits.unloadable and client.waiting():
                client.ask_for_training()

        def _obey(self, consumer: Any) -> None:  # noqa: ANN401 - likewise
            if breaker.open or waits.on:
                consumer.cancel_task_queue(READING_QUEUE)
            else:
                consumer.add_task_queue(READING_QUEUE)
            notice.tell(WHY if breaker.open else "")
            if breaker.open and self._presence is None:
                self._presence = OwnPresence(client, "worker", lambda: STOPPED + WHY)
                self._presence.start()
            elif self._presence and not breaker.open:
                self._presence.end()
                self._presence = None

    return TakingStep
