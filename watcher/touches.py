"""Notice files that may have other content or other rights though their size and time are the same."""

import os
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
    """

    def __init__(self, folder: bytes, name: str, database: Database) -> None:
        self._folder = folder
        self._name = name
        self._database = database
        self._known = self._before = self._highest = -1

    def begin_scan(self) -> None:
        """Note that a scan of the whole folder begins."""
        self._known, self._before = self._before, self._highest

    def queue_again(self, states: Sequence[FileState]) -> list[int]:
        """Queue the rows of those files again that were touched after their answer, and give their ids. Commits.

        They are the failed ones, as a permission may have been granted, and those whose content is another one. Raises
        DatabaseUnavailable.
        """
        self._highest = max(self._highest, *(state.ctime_ns for state in states))
        fresh = {paths.to_text(state.path): state for state in states if self._is_fresh(state)}
        if not fresh:
            return []
        rows = moves.at_paths(self._database, self._name, list(fresh)).values()
        again = [row.id for row in rows if self._is_touched(row, fresh[row.path])]
        if again:
            _log.info("files were touched and are read again", rows=len(again))
        return intake.requeue(self._database, again) if again else []

    def _is_fresh(self, state: FileState) -> bool:
        """Whether it may have been touched: to change its rights, or to set its time back, sets its ctime to now."""
        return state.ctime_ns > max(state.mtime_ns, self._known)

    def _is_touched(self, row: KnownFile, state: FileState) -> bool:
        if row.recognized_ms is None or (row.size, row.mtime_ns) != (state.size, state.mtime_ns):
            return False  # it is to be read anyway
        touched_ms = state.ctime_ns // 1_000_000
        if row.hash is None:
            return row.status == Status.FAILED and touched_ms > row.recognized_ms
        if touched_ms < row.recognized_ms - MARGIN_MS:
            return False
        content = digest(os.path.join(self._folder, state.path))
        return content is not None and content != row.hash
