"""Register files, find the rows that wait for their answer, and requeue rows by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from db.clock import NOW
from db.engine import Database
from db.halves import ascii_text
from db.lists import among, fields, one_of
from db.tables import IDENTITY, Status, digits, images, unregistered

#: Milliseconds for which a claim holds. By then the hard time limit has killed the process, or its worker is gone.
LEASE_MS = 60_000
#: Milliseconds by which an answered row must be younger than one whose message counts as lost: several workers take
#: messages at once, and none holds one longer than a claim.
OVERTAKEN_MS = LEASE_MS
#: Number of latest answers that show how far the workers are. Some of them were enqueued again, and are old.
LATEST_ANSWERS = 100


@dataclass(frozen=True)
class SeenFile:
    """A complete file in the watched folder; `path` is the ledger's text, relative to that folder.

    `mtime_ns` becomes what the ledger holds of it, see `stored_ns`.
    """

    path: str
    size: int
    mtime_ns: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "mtime_ns", stored_ns(self.mtime_ns))


@dataclass(frozen=True)
class Owed:
    """Rows to enqueue: `fresh` ones may share messages, each of the `tried` ones needs its own."""

    fresh: list[int]
    tried: list[int]


#: The values of a row whose file is to be read from the start. Its digits go too, see FORGET_DIGITS.
QUEUE_AGAIN: dict[str, Any] = {
    "status": Status.QUEUED,
    "attempts": 0,
    "crashes": 0,
    "claim": None,
    "claimed_ms": None,
    "hash": None,
    "reason": None,
    "reading": None,
    "confidence": None,
    "model_version": None,
    "dark_on_light": None,
    "recognized_ms": None,
    "written": None,
}

#: Deletes the digits of the rows `ids`: they belong to the answer that has just ended.
FORGET_DIGITS = delete(digits).where(one_of(digits.c.image_id, "ids"))


def stored_ns(mtime_ns: int) -> int:
    """Give a file's time as the ledger holds it: a number of 64 bits.

    That many nanoseconds reach from 1677 to 2262. File systems hold other years too, which wrap around. So a time that
    changes is still another number. SQLite would store a larger number inexactly, and PostgreSQL would refuse it.
    """
    return (mtime_ns + 2**63) % 2**64 - 2**63


def register(database: Database, folder: str, files: Sequence[SeenFile]) -> list[int]:
    """Write a `queued` row for every file that is new or has other content, and give their ids. Commits.

    Safe to call twice: a file that the ledger has with this size and time changes nothing. Raises ValueRefused, and
    writes nothing, if the database can't hold one of them.
    """
    once_each = {file.path: (file.path, file.size, file.mtime_ns) for file in files}  # as PostgreSQL demands
    given = {"files": json.dumps(list(once_each.values())), "folder": folder}
    with database.direct() as ledger:
        ids = [row_id for (row_id,) in ledger.fetch(_upsert_for(database.engine.dialect.name), given)]
        ledger.run(FORGET_DIGITS, {"ids": json.dumps(ids)})
    return ids


@cache  # building the statement costs more than running it on a single row
def _upsert_for(dialect: str) -> ReturningInsert[int]:
    """Write all files of a JSON list, each a list of path, size and time, in one statement."""
    # each dialect has its own insert with ON CONFLICT, and only the one in use is imported
    upsert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    columns = [images.c[name] for name in ("folder", "status", "first_seen_ms", "path", "size", "mtime_ns")]
    values: list[ColumnElement[Any]] = [
        bindparam("folder", type_=Text),
        literal(Status.QUEUED.value),
        NOW,
        *fields(dialect, "files", Text(), BigInteger(), BigInteger()),
    ]
    # without the WHERE, SQLite's parser takes ON CONFLICT for the ON of a join
    new_rows = upsert(images).from_select(columns, select(*values).where(true()))
    new = new_rows.excluded
    statement: ReturningInsert[int] = new_rows.on_conflict_do_update(
        index_elements=IDENTITY[dialect],
        set_={**QUEUE_AGAIN, "size": new.size, "mtime_ns": new.mtime_ns, "first_seen_ms": new.first_seen_ms},
        where=or_(images.c.size != new.size, images.c.mtime_ns != new.mtime_ns),
    ).returning(images.c.id)
    return statement


_KNOWN = select(images.c.path, images.c.size, images.c.mtime_ns).where(
    images.c.folder == bindparam("folder"), one_of(images.c.path, "paths")
)


def changed(database: Database, folder: str, files: Sequence[SeenFile]) -> list[SeenFile]:
    """Pick the files that the ledger does not have with this size and time. Read-only. Raises ValueRefused as above."""
    given = {"folder": folder, "paths": json.dumps([file.path for file in files])}
    with database.reading() as connection:
        known = {path: (size, mtime_ns) for path, size, mtime_ns in connection.execute(_KNOWN, given)}
    return [file for file in files if known.get(file.path) != (file.size, file.mtime_ns)]


def name_folder(database: Database, row_ids: Sequence[int], folder: str) -> None:
    """Give rows another name of their folder, but those whose path is known under that name too. Commits.

    Of these the queued ones are deleted: nobody watches a folder of the old name, so they would wait for ever.
    """
    other = images.alias()
    known = exists().where(other.c.folder == folder, other.c.path == images.c.path)
    doubled = (images.c.folder != folder, images.c.status == Status.QUEUED)
    named = among(images.c.id, row_ids)
    with database.writing() as connection:
        connection.execute(update(images).values(folder=folder).where(named, ~known))
        connection.execute(delete(images).where(named, *doubled))


def note_unregistered(database: Database, folder: str, files: int, reason: str) -> None:
    """Note how many files of a watched folder the ledger can't hold, and why the last one. Commits."""
    name = ascii_text(folder)
    with database.writing() as connection:
        connection.execute(delete(unregistered).where(unregistered.c.folder == name))
        if files:
            connection.execute(insert(unregistered).values(folder=name, files=files, reason=ascii_text(reason)))


def unclaimed() -> ColumnElement[bool]:
    """Give the condition for rows without a claim that still holds.

    A claim further ahead than a lease reaches was made before the clock was set back. It is over too.
    """
    claimed = images.c.claimed_ms
    return or_(claimed.is_(None), claimed < NOW - LEASE_MS, claimed > NOW + LEASE_MS)


def owed(database: Database, folder: str | None = None) -> Owed:
    """Find every queued row that is not claimed, of one watched folder or of all. Read-only."""
    return _owed(database, folder, true())


def overtaken(database: Database, folder: str) -> Owed:
    """Find the owed rows of a folder that later ones have overtaken. Read-only.

    Messages are taken in the order in which they were sent. Where a row has its answer, the message of one that was
    enqueued OVERTAKEN_MS before it is lost. While nothing is answered, no row is overtaken.
    """
    answered = (images.c.answer.is_not(None), images.c.recognized_ms.is_not(None))  # a requeued row has only the former
    latest = select(images.c.first_seen_ms).where(*answered).order_by(images.c.answer.desc()).limit(LATEST_ANSWERS)
    seen = latest.subquery().c.first_seen_ms
    reached = select(func.max(seen)).where(seen <= NOW).scalar_subquery()  # later ones: the clock was set back
    return _owed(database, folder, images.c.first_seen_ms < reached - OVERTAKEN_MS)


def _owed(database: Database, folder: str | None, those: ColumnElement[bool]) -> Owed:
    here = true() if folder is None else images.c.folder == folder
    waiting = select(images.c.id, images.c.attempts).where(images.c.status == Status.QUEUED, unclaimed(), here, those)
    with database.reading() as connection:
        rows = connection.execute(waiting).all()
    return Owed(
        fresh=[row.id for row in rows if row.attempts == 0],
        tried=[row.id for row in rows if row.attempts > 0],
    )


def mend_times(database: Database) -> None:
    """Let rows that were seen later than now wait from now on: the clock was set back. Commits if there are any.

    Otherwise nobody could tell for how long they wait.
    """
    ahead = (images.c.status == Status.QUEUED, images.c.first_seen_ms > NOW + LEASE_MS)
    with database.reading() as connection:
        if connection.execute(select(images.c.id).where(*ahead).limit(1)).first() is None:
            return
    with database.writing() as connection:
        connection.execute(update(images).where(*ahead).values(first_seen_ms=NOW))


def queued(database: Database, folder: str) -> int:
    """Count the queued rows of one watched folder. Read-only."""
    waiting = (images.c.status == Status.QUEUED, images.c.folder == folder)
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(images).where(*waiting)).scalar_one()


def requeue(database: Database, row_ids: Sequence[int] | None) -> list[int]:
    """Queue the given rows again, or with None all failed ones, and give their ids. Commits."""
    again = update(images).values({**QUEUE_AGAIN, "first_seen_ms": NOW}).returning(images.c.id)
    those = images.c.status == Status.FAILED if row_ids is None else among(images.c.id, row_ids)
    with database.writing() as connection:
        ids = list(connection.execute(again.where(those)).scalars())
        connection.execute(FORGET_DIGITS, {"ids": json.dumps(ids)})
    return ids
