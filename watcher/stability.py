"""Tell complete files from those that are still written."""

import time
from collections.abc import Callable

from watcher.folder import FileState

#: Seconds after its last change for which a file that a writer has open is left alone. No writer pauses as long.
#: A file that its writer never closes waits no longer.
HELD_SECONDS = 10.0


def _nobody() -> bool:
    return False


class Settling:
    """Remembers files that changed a moment ago, until they are unchanged for `settle_seconds`."""

    def __init__(self, settle_seconds: float, *, clock: Callable[[], float] = time.time) -> None:
        self._settle = settle_seconds
        self._clock = clock
        self._seen: dict[bytes, tuple[FileState, float]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def complete(self, state: FileState, *, closed: bool = False, held: Callable[[], bool] = _nobody) -> bool:
        """Whether a file can be read now. If not, it is remembered. `closed`: its writer has closed or moved it.

        A file whose last change is `settle_seconds` old is complete at the first look. One with a time in the future is
        complete after it was seen unchanged for as long. `held` tells whether a writer still has the file open. Such a
        file waits, for `HELD_SECONDS` at most.
        """
        now = self._clock()
        before, since = self._seen.get(state.path, (None, now))
        age = now - state.mtime_ns / 1e9
        still = age >= self._settle or (before == state and now - since >= self._settle)
        if closed or (still and not (0 < self._settle <= age < HELD_SECONDS and held())):
            self._seen.pop(state.path, None)
            return True
        if still or before != state:
            self._seen[state.path] = (state, now)
        return False

    def forget(self, path: bytes) -> None:
        """Forget a file that is gone."""
        self._seen.pop(path, None)

    def paths(self) -> list[bytes]:
        """Give all remembered files."""
        return list(self._seen)

    def due(self) -> list[bytes]:
        """Give the files that are due for another look."""
        now = self._clock()
        return [path for path, (_, since) in self._seen.items() if now - since >= self._settle]

    def next_due(self) -> float | None:
        """Give the seconds until the next file is due; None if there is none."""
        if not self._seen:
            return None
        return max(0.0, min(since for _, since in self._seen.values()) + self._settle - self._clock())
