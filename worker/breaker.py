"""Stop reading when reading processes die in a row: then the model or the machine is at fault, and not each file."""

from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from recognizer.versions import activated_ns

if TYPE_CHECKING:
    from collections.abc import Callable

#: Deaths in a row, without an answered row between them, after which reading stops. Three files that crash every reader
#: cause ten when nothing else is to be read: one together, then three each.
DEATHS_IN_A_ROW = 12
WHY = f"{DEATHS_IN_A_ROW} readers died in a row: reading stops until another model is active or the worker restarts"

_log = structlog.get_logger()


class Breaker:
    """Counts deaths of reading processes. While it is open, dead ones are not replaced and no message is taken.

    It closes when another model is made active in `model_dir`, or when a row is answered after all.
    """

    def __init__(self, model_dir: Path) -> None:
        self.open = False
        self.on_change: Callable[[], None] = lambda: None
        self._model_dir = model_dir
        self._deaths = 0
        self._activated = 0

    def died(self) -> None:
        """Note that a reading process died."""
        self._deaths += 1
        if not self.open and self._deaths >= DEATHS_IN_A_ROW:
            self._activated = activated_ns(self._model_dir)
            _log.error(WHY)
            self._set(open_=True)

    def answered(self) -> None:
        """Note that a message's rows were answered."""
        self._deaths = 0
        if self.open:
            self._close()

    def look(self) -> None:
        """Close if another model was made active."""
        if self.open and activated_ns(self._model_dir) != self._activated:
            self._deaths = 0
            self._close()

    def _close(self) -> None:
        _log.info("reading goes on")
        self._set(open_=False)

    def _set(self, *, open_: bool) -> None:
        self.open = open_
        self.on_change()
