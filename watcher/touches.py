"""Notice files that may have other content or other rights though their size and time are the same."""

import time
from collections.abc import Sequence

import structlog

from db import intake, moves, paths
from db.engine import Database
from db.moves import KnownFile
from db.tables import Status
from watcher.content import digest
from watcher.folder import FileState

#: Milliseconds by which the file system's clock may be behind the one of the answers, and one more look is cheap.
MARGIN_MS = 1000

_log = structlog.get_logger()


class Touches:
    """Looks for such files in the scans of one watched folder.

    The system notes each change of content, rights or name in the ctime, which no program can set back. Only files
    with a ctime above the highest one of the scan before the last are looked at: all others were looked at already.
    A ctime ahead of now, by another machine's clock, is no such mark: it would hide all touches until then.
    """

    def __init__(self, folder: bytes, name: str, database: Database) -> None:
        self._folder = folder
        self._name = name
        self._database = database
        self._known = self._last = self._highest = -1
        #: Files whose ctime is ahead of now, as they were looked at. Otherwise each scan would look at them.
        self._ahead: dict[bytes, int] = {}
        self._vanished: set[str] = set()

    def begin_scan(self) -> None:
        """Note that a scan of the whole folder begins. Raises DatabaseUnavailable."""
        self._highest = self._last
        self._vanished = moves.vanished(self._database, self._name)

    def end_scan(self) -> None:
        """Note that the scan has looked at every file. One that was broken off does not count."""
        now = time.time_ns()
        self._known, self._last = self._last, min(self._highest, now)
        self._ahead = {path: ctime_ns for path, ctime_ns in self._ahead.items() if ctime_ns > now}

    def queue_again(self, states: Sequence[FileState], *, moved: bool = False) -> list[int]:
        """Queue the rows of those files again that were touched after their answer, and give their ids. Commits.

        They are the failed ones, as a permission may have been granted, and those whose content is another one. A file
        that was not there, and now is, needs no touch. Nor does one in a directory that has `moved`: it keeps its times
        where another file was. Raises DatabaseUnavailable.
        """
        self._highest = max(self._highest, *(state.ctime_ns for state in states))
        by_path = {paths.to_text(state.path): state for state in states}
        fresh = {
            path: state for path, state in by_path.items() if moved or path in self._vanished or self._is_fresh(state)
        }
        if not fresh:
            return []
        rows = moves.at_paths(self._database, self._name, list(fresh)).values()
        again = [row.id for row in rows if self._is_touched(row, fresh[row.path], moved=moved)]
        ids = intake.requeue(self._database, again, changed=True) if again else []
        if ids:
            _log.info("files were touched or are back, and are read again", rows=len(ids))
        self._vanished -= fresh.keys()
        now = time.time_ns()
        self._ahead |= {state.path: state.ctime_ns for state in fresh.values() if state.ctime_ns > now}
        return ids

    def _is_fresh(self, state: FileState) -> bool:
        """Whether it may have been touched: only writing sets both times to the same moment."""
        if self._ahead.get(state.path) == state.ctime_ns:
            return False
        return state.ctime_ns != state.mtime_ns and state.ctime_ns > self._known

    def _is_touched(self, row: KnownFile, state: FileState, *, moved: bool) -> bool:
        if row.recognized_ms is None or (row.size, row.mtime_ns) != (state.size, intake.stored_ns(state.mtime_ns)):
            return False  # it is to be read anyway
        if row.path in self._vanished and row.status == Status.FAILED:
            return True  # such as one whose disk was not mounted, which leaves its times as they are
        is_before = state.ctime_ns // 1_000_000 < row.recognized_ms - MARGIN_MS
        if is_before and not moved:
            return False
        if row.hash is None:
            return row.status == Status.FAILED and not is_before
        content = digest(self._folder, state.path)
        return content is not None and content != row.hash
