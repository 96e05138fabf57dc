"""Tell files that have other content, or other rights, from those that were only touched."""

from collections.abc import Sequence

import structlog

from db import intake, moves, paths
from db.engine import Database
from db.moves import Match
from db.tables import Status
from watcher.content import digest

_log = structlog.get_logger()


class Touches:
    """Looks at the files of one watched folder that have the size and time of the row at their path.

    The system notes each change of content, rights or name in the ctime, which no program can set back. A file that
    took another one's place has another inode too. Only the hash tells whether the content is another one.
    """

    def __init__(self, folder: bytes, database: Database) -> None:
        self._folder = folder
        self._database = database

    def queue_again(self, touched: Sequence[Match]) -> list[int]:
        """Queue the rows again whose files have other content, were not there, or may be readable now. Commits.

        Give their ids. The other rows only know their files as these are now. Raises DatabaseUnavailable.
        """
        again, same = self._sorted(touched)
        ids = intake.requeue(self._database, [match.row.id for match in again], changed=True) if again else []
        if ids:
            _log.info("files were touched or are back, and are read again", rows=len(ids))
        if again or same:
            moves.note(self._database, again + same)
        return ids

    def _sorted(self, touched: Sequence[Match]) -> tuple[list[Match], list[Match]]:
        """Tell those that are to be read again from those that are the same.

        A queued one is neither: a reader may have opened it before this look. The next scan after its answer decides.
        """
        again: list[Match] = []
        same: list[Match] = []
        for match in touched:
            if match.row.status == Status.QUEUED:
                continue
            differs = self._differs(match)
            if differs is not None:
                (again if differs else same).append(match)
        return again, same

    def _differs(self, match: Match) -> bool | None:
        """Whether a file is to be read again; None if that can't be told."""
        row, file = match.row, match.file
        if row.had_vanished:
            return True
        if not row.ctime_ns:  # of an earlier version, or of a file system that has none
            return False
        if row.hash is None:
            return row.status == Status.FAILED and row.ctime_ns != file.ctime_ns
        content = digest(self._folder, paths.to_bytes(file.path))
        return None if content is None else content != row.hash
