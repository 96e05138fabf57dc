"""Remember the files that the ledger can't hold: log each once, and count them for `digits status`."""

from collections.abc import Callable

import structlog

from db import intake, paths
from db.engine import Database
from watcher.folder import FileState

_log = structlog.get_logger()


class Unregistered:
    """The files of one watched folder that could not be registered, each with the state in which it was refused."""

    def __init__(self, database: Database, name: str, look: Callable[[bytes], FileState | None]) -> None:
        """Begin with none; `name` is the folder's in the ledger, and `look` finds a file in it."""
        self._look = look
        self._name = name
        self._database = database
        self._refused: dict[bytes, FileState] = {}
        self._reason = ""
        self._noted: tuple[int, str] | None = None

    def __contains__(self, state: FileState) -> bool:
        """Whether the ledger has refused this file as it is."""
        return self._refused.get(state.path) == state

    def add(self, state: FileState, reason: str) -> None:
        """Keep a file that was refused, and log it."""
        self._refused[state.path] = state
        self._reason = reason
        _log.warning("file not registered", file=paths.to_text(state.path), why=reason)

    def forget(self, path: bytes) -> None:
        """Forget a file that is gone or has been registered."""
        self._refused.pop(path, None)

    def forget_gone(self) -> None:
        """Forget every file that is gone."""
        for path in [path for path in self._refused if self._look(path) is None]:
            self.forget(path)

    def note(self) -> None:
        """Write the count into the ledger if it has another one. Raises DatabaseUnavailable."""
        now = (len(self._refused), self._reason)
        if now != self._noted:
            intake.note_unregistered(self._database, self._name, *now)
            self._noted = now
