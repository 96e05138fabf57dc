"""Register complete files in the ledger and enqueue their rows, in batches."""

import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import islice
from typing import TypeVar

from db import intake, moves, paths
from db.engine import Database
from db.halves import in_halves
from db.intake import SeenFile
from db.moves import KnownFile
from db.tables import Status
from watcher.enqueuer import Enqueuer
from watcher.folder import FileState, Folder
from watcher.moves import Moves
from watcher.selection import Selection
from watcher.stability import Settling
from watcher.touches import Touches
from watcher.unregistered import Unregistered
from watcher.writers import has_writer

_Result = TypeVar("_Result")

#: Number of files that a scan compares with the ledger, and writes, at a time.
BATCH_FILES = 1024


class Registrar:
    """Registers the files of one watched folder in one ledger."""

    def __init__(
        self,
        folder: bytes,
        database: Database,
        enqueuer: Enqueuer,
        settling: Settling,
        selection: Selection | None = None,
    ) -> None:
        self.settling = settling
        self._folder = Folder(folder, selection)
        self._name = paths.folder_text(folder, database.url)
        self._named = False
        self._moves = Moves(folder, self._name, database)
        self._touches = Touches(folder, database)
        self._database = database
        self._enqueuer = enqueuer
        self._unregistered = Unregistered(database, self._name, self._folder.look)

    def scan(self, below: bytes = b"") -> int:
        """Look at all files, register new and changed ones, give their number. Raises DatabaseUnavailable."""
        self._name_once()
        registered = 0
        scanned = self._folder.scan(below)
        while batch := list(islice(scanned, BATCH_FILES)):
            registered += self._register(batch)
        self._unregistered.forget_gone()
        self._unregistered.note()
        return registered

    def look(self, looked: Mapping[bytes, bool]) -> int:
        """Look at some paths. The value of each: whether its writer has closed it. Raises DatabaseUnavailable."""
        states = []
        for path in looked:
            state = self._folder.look(path)
            if state is None:
                self.settling.forget(path)
                self._unregistered.forget(path)
            else:
                states.append(state)
        registered = self._register(states, closed={path for path, is_closed in looked.items() if is_closed})
        self._unregistered.note()
        return registered

    def settle(self) -> int:
        """Look again at the files that are due. Raises DatabaseUnavailable."""
        return self.look(dict.fromkeys(self.settling.due(), False))

    def _name_once(self) -> None:
        """Name rows that an earlier version named by its working directory, if their files are in this folder.

        The queued ones too whose files are not: nobody else would ever answer them.
        """
        old = paths.relative_text(self._folder.path)
        if not self._named and old != self._name:
            found = moves.in_folder(self._database, old)
            ours = [row.id for row in found if row.status == Status.QUEUED or self._has(row)]
            intake.name_folder(self._database, ours, self._name)
        self._named = True

    def _has(self, row: KnownFile) -> bool:
        state = self._folder.look(paths.to_bytes(row.path))
        return state is not None and row.has_time_of(state.seen())

    def _register(self, states: Sequence[FileState], closed: AbstractSet[bytes] = frozenset()) -> int:
        by_path = {paths.to_text(state.path): state for state in states if state not in self._unregistered}
        files = [state.seen() for state in by_path.values()]
        changes = self._taken(files, partial(moves.changed, self._database, self._name), by_path)
        complete = [change for change in changes if self._is_complete(by_path[change.file.path], closed)]
        if not complete:
            return 0
        for change in complete:
            self._unregistered.forget(by_path[change.file.path].path)
        touched = [change.touched for change in complete if change.touched]
        others = [change.file for change in complete if not change.touched]
        followed = self._moves.follow(others)
        new = [file for file in others if file.path not in followed]
        ids = [row_id for row_id in followed.values() if row_id is not None] + self._touches.queue_again(touched)
        if new:
            ids += self._taken(new, partial(intake.register, self._database, self._name), by_path)
        self._enqueuer.enqueue(ids)
        return len(ids)

    def _taken(
        self,
        files: Sequence[SeenFile],
        run: Callable[[Sequence[SeenFile]], Sequence[_Result]],
        by_path: Mapping[str, FileState],
    ) -> list[_Result]:
        """Run a statement for the files, without those that the ledger can't hold."""
        results, refusals = in_halves(files, run)
        for refusal in refusals:
            self._unregistered.add(by_path[refusal.item.path], refusal.reason)
        return results

    def _is_complete(self, state: FileState, closed: AbstractSet[bytes]) -> bool:
        held = partial(has_writer, os.path.join(self._folder.path, state.path))
        return self.settling.complete(state, closed=state.path in closed, held=held)
