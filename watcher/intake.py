"""Bring complete files into the ledger and ring for them, in batches as they come."""

from collections.abc import Iterable

from db import intake, paths
from db.engine import Database
from db.intake import SeenFile
from watcher.folder import FileState, is_ours, look_at, scan
from watcher.reconciler import Reconciler
from watcher.stability import Settling

#: Files compared with the ledger, and written, in one go during a scan.
BATCH_FILES = 1024


class Intake:
    """One watched folder's way into one ledger."""

    def __init__(self, folder: bytes, database: Database, reconciler: Reconciler, settling: Settling) -> None:
        self.settling = settling
        self._folder = folder
        self._name = paths.folder_text(folder)
        self._database = database
        self._reconciler = reconciler

    def scan(self, below: bytes = b"", *, closed: bool = False) -> int:
        """Look at all files, register the new and changed ones; give their number. Raises DatabaseUnavailable."""
        registered = 0
        batch: list[FileState] = []
        for state in scan(self._folder, below):
            batch.append(state)
            if len(batch) == BATCH_FILES:
                registered += self._changed(batch, closed=closed)
                batch = []
        return registered + self._changed(batch, closed=closed)

    def _changed(self, states: list[FileState], *, closed: bool) -> int:
        by_path = {paths.to_text(state.path): state for state in states}
        seen = [SeenFile(text, state.size, state.mtime_ns) for text, state in by_path.items()]
        new = intake.changed(self._database, self._name, seen)
        complete = [file for file in new if self.settling.complete(by_path[file.path], closed=closed)]
        return self._register(complete)

    def look(self, looked: Iterable[tuple[bytes, bool]]) -> int:
        """Look at some paths, each with whether its writer has closed it. Raises DatabaseUnavailable."""
        complete = []
        for path, closed in looked:
            state = look_at(self._folder, path) if is_ours(path) else None
            if state is None:
                self.settling.forget(path)
            elif self.settling.complete(state, closed=closed):
                complete.append(SeenFile(paths.to_text(path), state.size, state.mtime_ns))
        return self._register(complete)

    def settle(self) -> int:
        """Look again at the files that should have come to rest by now. Raises DatabaseUnavailable."""
        return self.look([(path, False) for path in self.settling.due()])

    def _register(self, files: list[SeenFile]) -> int:
        if not files:
            return 0
        ids = intake.register(self._database, self._name, files)
        self._reconciler.ring(ids)
        return len(ids)
