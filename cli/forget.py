"""Take the rows of files that are gone out of the ledger."""

import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from cli.errors import CommandFailed, OutOfReach
from cli.ledger import file_is_gone, folder_of, known_rows, opened
from db import moves
from db.queries import Result
from presentation.text import plural, printable, say
from settings import Settings


def forget(settings: Settings, given: Sequence[Path]) -> None:
    """Delete the rows of the named files, with their digits. Commits.

    Raises CommandFailed, and changes nothing, if the ledger does not know one of the names, if one of the files is
    there or can't be looked at, or if its watched folder is not here: its files may only be out of reach.
    """
    with opened(settings.database_url) as database:
        rows = known_rows(database, settings.folder, given)
        for row in rows:
            _require_gone(row, database.url)
        moves.forget(database, [row.id for row in rows])
    say(f"{plural(len(rows), 'file')} forgotten.")


def _require_gone(row: Result, ledger: URL) -> None:
    name, folder = printable(row.path), printable(row.folder)
    try:
        if not file_is_gone(row, ledger):
            raise CommandFailed(f"{name} is still there: `digits forget` is for files that are gone")
        names = os.listdir(folder_of(row, ledger))
    except OutOfReach as error:
        raise CommandFailed(f"{name} may not be gone: {error}") from error
    except OSError as error:
        why = f"the folder {folder} can't be listed here ({error.strerror})"
        raise CommandFailed(f"{name} may not be gone: {why}") from error
    if not names:  # as a mount point is before its disk is mounted
        advice = "if they are, put any file into it and try again"
        raise CommandFailed(f"the folder {folder} is empty, so its files may not be gone: {advice}")
