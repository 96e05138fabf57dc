"""A file that a part touches while it gets on: presence for a health check, which then needs no Redis."""

import contextlib
import time
from pathlib import Path

#: Seconds between two touches.
TOUCH_SECONDS = 5.0


class PresenceFile:
    """Touches its file; does nothing without one, or if it can't be touched."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._due = 0.0

    def touch(self) -> None:
        """Touch the file, unless that was done less than TOUCH_SECONDS ago."""
        if self._path and time.monotonic() >= self._due:
            self._due = time.monotonic() + TOUCH_SECONDS
            with contextlib.suppress(OSError):
                self._path.touch()
