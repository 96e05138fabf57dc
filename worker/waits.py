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
#: Seconds between two looks at whether a model can be used that was not made active anew: its files may be repaired.
REPAIR_SECONDS = 10.0

_log = structlog.get_logger()


class Waits:
    """Tells whether messages are to be left to others. Hears from the reading tasks what they lack."""

    def __init__(self, model_dir: Path) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._model_dir = model_dir
        self._unloadable = False
        self._activated = 0
        self._next_repair = 0.0
        self._unseen_until = 0.0
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
            self._unloadable = why is None
            self._wait_for_model(why or "the active model can't be loaded")
        elif result == UNSEEN:
            self._unseen_until = time.monotonic() + UNSEEN_SECONDS
        else:
            return
        self.on_change()

    def look(self) -> None:
        """End a wait whose reason is gone."""
        model_came = self.for_model and self._model_came()
        if model_came:
            _log.info("there is a model, reading begins")
            self.for_model = self._unloadable = False
        saw = bool(self._unseen_until) and time.monotonic() >= self._unseen_until
        if saw:
            self._unseen_until = 0.0
        if model_came or saw:
            self.on_change()

    def _wait_for_model(self, why: str) -> None:
        _log.warning("no model to read with, no message is taken until there is one", why=why)
        self.for_model = True
        self._activated = activated_ns(self._model_dir)

    def _model_came(self) -> bool:
        activated = activated_ns(self._model_dir)
        if activated == self._activated and (self._unloadable or time.monotonic() < self._next_repair):
            return False
        self._activated = activated
        self._next_repair = time.monotonic() + REPAIR_SECONDS
        return _needed(self._model_dir) is None


def _needed(model_dir: Path) -> str | None:
    """Say why no model can be used; None if one can."""
    from trainer.gate import needed  # noqa: PLC0415 - a reading process imports this module too, and does not ask

    return needed(model_dir)
