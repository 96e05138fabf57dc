"""Tell complete files from those still being written."""

import time
from collections.abc import Callable

from watcher.folder import FileState

#: Seconds after its last change for which a file is left to a writer that has it open. Far above any pause of somebody
#: who is at it, and short enough for files whose writer never closes them.
HELD_SECONDS = 10.0


def _nobody() -> bool:
    return False


class Settling:
    """Remembers files that changed a moment ago until they have held still for `settle_seconds`."""

    def __init__(self, settle_seconds: float, *, clock: Callable[[], float] = time.time) -> None:
        self._settle = settle_seconds
        self._clock = clock
        self._seen: dict[bytes, tuple[FileState, float]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def complete(self, state: FileState, *, closed: bool = False, held: Callable[[], bool] = _nobody) -> bool:
        """Whether a file can be read now; if not, it is remembered. `closed`: its writer has closed or moved it.

        A file whose last change lies `settle_seconds` back is complete at the first look; one whose clock can't be
        trusted (a change in the future) is, after it was seen unchanged for as long. `held` is asked whether a writer
        still has the file open: then it is waited for, `HELD_SECONDS` at most.
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
        """Stop waiting for a file that is gone."""
        self._seen.pop(path, None)

    def paths(self) -> list[bytes]:
        """Give all files that are waited for."""
        return list(self._seen)

    def due(self) -> list[bytes]:
        """Give the files that it is time to look at again."""
        now = self._clock()
        return [path for path, (_, since) in self._seen.items() if now - since >= self._settle]

    def next_due(self) -> float | None:
        """Seconds until the next file is due; None if none waits."""
        if not self._seen:
            return None
        return max(0.0, min(since for _, since in self._seen.values()) + self._settle - self._clock())
