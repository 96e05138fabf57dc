"""Wait without taking messages: for a model to read with, and for folders that this host does not see."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from recognizer.versions import activated_ns

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a reading task gives instead of its number of answered rows.
NO_MODEL, UNSEEN = -1, -2
#: Seconds without a message after one of whose rows no folder is seen here. Workers that see it take them meanwhile.
UNSEEN_SECONDS = 10.0
#: Seconds after such a pause in which none begins: messages of other folders may lie behind many of that one.
TAKING_SECONDS = 1.0
#: Seconds between two tries of a model that was not made active anew. Its files may be repaired meanwhile.
REPAIR_SECONDS = 10.0

_log = structlog.get_logger()


class Waits:
    """Tells whether messages are to be left to others. Hears from the reading tasks what they lack."""

    def __init__(self, model_dir: Path) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._model_dir = model_dir
        self._told = False
        #: Whether the active model seems usable, and yet a reading process could not load it.
        self.unloadable = False
        self._activated = 0
        self._next_try = 0.0
        self._unseen_until = 0.0
        self._next_pause = 0.0
        self.for_model = False

    @property
    def on(self) -> bool:
        """Whether no message is taken now."""
        return self.for_model or bool(self._unseen_until)

    def begin(self) -> None:
        """Wait from the start on, if there is no model. Safe to call again when the broker is back."""
        if not self.for_model and (why := _needed(self._model_dir)):
            self._wait_for_model(why)

    def gave(self, result: int) -> None:
        """Note what a task gave: its number of answered rows, NO_MODEL or UNSEEN."""
        if result == NO_MODEL and not self.for_model:
            why = _needed(self._model_dir)
            self.unloadable = why is None
            self._wait_for_model(why or "the active model can't be loaded")
        elif result == UNSEEN and time.monotonic() >= self._next_pause:
            self._unseen_until = time.monotonic() + UNSEEN_SECONDS
        else:
            if result > 0:
                self._answered()
            return
        self.on_change()

    def _answered(self) -> None:
        self._tell_model()
        self._next_pause = time.monotonic() + UNSEEN_SECONDS  # other folders' files need this worker

    def look(self) -> None:
        """End a wait whose reason is gone."""
        model_came = self.for_model and self._model_came()
        if model_came:
            if not self.unloadable:  # else only an answer tells that it can be loaded now
                self._tell_model()
            self.for_model = self.unloadable = False
        saw = bool(self._unseen_until) and time.monotonic() >= self._unseen_until
        if saw:
            self._unseen_until = 0.0
            self._next_pause = time.monotonic() + TAKING_SECONDS
        if model_came or saw:
            self.on_change()

    def _wait_for_model(self, why: str) -> None:
        if not self._told:
            _log.warning("no model to read with, no message is taken until there is one", why=why)
        self._told = True
        self.for_model = True
        self._activated = activated_ns(self._model_dir)
        self._next_try = time.monotonic() + REPAIR_SECONDS

    def _tell_model(self) -> None:
        if self._told:
            _log.info("there is a model, reading begins")
        self._told = False

    def _model_came(self) -> bool:
        activated = activated_ns(self._model_dir)
        if activated == self._activated and time.monotonic() < self._next_try:
            return False
        self._activated = activated
        self._next_try = time.monotonic() + REPAIR_SECONDS
        return _needed(self._model_dir) is None


def _needed(model_dir: Path) -> str | None:
    """Say why no model can be used; None if one can."""
    from trainer.gate import needed  # noqa: PLC0415 - a reading process imports this module too, and does not ask

    return needed(model_dir)
