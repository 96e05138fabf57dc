"""Write into the ledger what a person says about a picture, or take it back."""

import errno
import getpass
import os
from pathlib import Path

from sqlalchemy import URL

from cli.errors import CommandFailed, OutOfReach
from cli.ledger import folder_of, known_rows, opened
from db import corrections, paths
from db.corrections import Correction
from db.engine import Database
from db.queries import Filter, Result, results
from db.tables import Said, Status
from presentation.text import printable, say
from recognizer.typed import typed
from regular_file import NoFileError, TooLongError, is_gone
from settings import Settings
from watcher.content import read_digest

#: Characters of the longest name.
_LONGEST_NAME = 100


def correct(  # noqa: PLR0913 - what a user may say
    settings: Settings, path: Path, text: str | None, *, no_digit: bool, unreadable: bool, undo: bool, by: str | None
) -> None:
    """Let a person's answer stand for the picture at `path`, or with `undo` take the last one back. Commits.

    Raises CommandFailed or NoReading, and changes nothing, if that is no answer or the ledger has no such picture.
    """
    if [text is not None, no_digit, unreadable, undo].count(True) != 1:
        raise CommandFailed("give either what it reads, or one of --no-digit, --unreadable and --undo")
    person = _name(by)
    given = None if undo else _correction(person, text, no_digit=no_digit)
    with opened(settings.database_url) as database:
        row = _row(database, settings.folder, path)
        if given is None:
            _take_back(database, row, person)
        else:
            _answer(database, row, given)


def _correction(person: str, text: str | None, *, no_digit: bool) -> Correction:
    if text is None:
        return Correction(person, Said.NO_DIGIT if no_digit else Said.UNREADABLE)
    given = typed(text)
    return Correction(person, Said.READING, given.reading, given.written)


def _name(by: str | None) -> str:
    try:
        name = (getpass.getuser() if by is None else by).strip()
    except (OSError, KeyError, ImportError) as error:
        raise CommandFailed("your login has no name here: give one with --by") from error
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise CommandFailed(f"a name has 1 to {_LONGEST_NAME} visible characters: give another one with --by")
    return name


def _row(database: Database, folder: Path, path: Path) -> Result:
    row, *others = known_rows(database, folder, [path])
    if others:
        raise CommandFailed(f"several folders have a file {printable(row.path)}: name it with its folder")
    return row


def _answer(database: Database, row: Result, given: Correction) -> None:
    name = printable(row.path)
    content = corrections.shown_content(database, row.id)
    if content is None:
        why = "waits to be read" if row.status is Status.QUEUED else "could not be read"
        raise CommandFailed(f"{name} {why}, so the ledger does not know its content yet")
    if _differs(row, content, database.url):
        raise CommandFailed(f"{name} is not the picture that was read: correct it when it is read again")
    if not corrections.correct(database, row.id, content, given):
        raise CommandFailed(f"{name} was read again meanwhile: look at it once more")
    say(f"{name}: {_told(given)}.")


def _differs(row: Result, content: str, ledger: URL) -> bool:
    """Whether a row's file is here and has other content. Raises CommandFailed if nobody can tell here."""
    try:
        folder, path = folder_of(row, ledger), paths.to_bytes(row.path)
    except OutOfReach:
        return False
    try:
        return not is_gone(os.path.join(folder, path)) and read_digest(folder, path) != content
    except (NoFileError, TooLongError):
        return True
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link, which is not followed
            return True
        raise CommandFailed(f"{printable(row.path)} can't be read here ({error.strerror})") from error


def _take_back(database: Database, row: Result, person: str) -> None:
    name = printable(row.path)
    taken = corrections.undo(database, row.id, person)
    if taken is None:
        raise CommandFailed(f"nobody has said anything about {name} that could be taken back")
    for shown in results(database, Filter(ids=[row.id])):
        now = ", ".join(filter(None, (shown.written, shown.status)))
        say(f'{name}: "{_told(taken)}" is taken back. It is {now} again.')


def _told(given: Correction) -> str:
    return f"{given.written or given.said}, says {printable(given.person)}"
