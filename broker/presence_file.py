"""A file that is touched while a part gets on: what a health check looks at, for next to nothing."""

import contextlib
import time
from pathlib import Path

#: Seconds between two touches.
PULSE_SECONDS = 5.0


class Pulse:
    """Touches its file; without one, or where it can't be touched, it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._due = 0.0

    def beat(self) -> None:
        """Touch the file, unless that was done a moment ago."""
        if self._path and time.monotonic() >= self._due:
            self._due = time.monotonic() + PULSE_SECONDS
            with contextlib.suppress(OSError):
                self._path.touch()
