"""Register files, find the rows that wait for their answer, and requeue rows by hand."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Text,
    and_,
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
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class SeenFile:
    """A complete file in the watched folder; `path` is the ledger's text, relative to that folder.

    `ctime_ns` is its last change of any kind. `device` and `inode` name it on its host. For each of them, 0 is unknown.
    The numbers become what the ledger holds of them, see `int64`.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0
    device: int = 0
    inode: int = 0

    def __post_init__(self) -> None:
        for name in ("mtime_ns", "ctime_ns", "device", "inode"):
            if (number := getattr(self, name)) not in _INT64:  # a rescan makes a million of these
                object.__setattr__(self, name, int64(number))

    @cached_property
    def as_json(self) -> str:
        """The file in a list that `seen` takes apart. Up to three statements take the same one."""
        numbers = f"{self.size}, {self.mtime_ns}, {self.ctime_ns}, {self.device}, {self.inode}"
        return f"[{json.dumps(self.path)}, {numbers}]"


@dataclass(frozen=True)
class Owed:
    """Rows to enqueue: `fresh` ones may share messages, each of the `tried` ones needs its own."""

    fresh: list[int]
    tried: list[int]


#: The values of a row whose file is to be read from the start. Its digits go too, see FORGET_DIGITS. What a person said
#: about it stands.
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

#: What the ledger knows of a file, by the names of columns and of attributes.
_FIELDS = ("path", "size", "mtime_ns", "ctime_ns", "device", "inode")
#: The values of such a row whose file may have other content. What a person said about it stands again if it has not.
_OTHER_CONTENT: dict[str, Any] = {**QUEUE_AGAIN, "correction": None, "person_reading": None}

#: Deletes the digits of the rows `ids`: they belong to the answer that has just ended.
FORGET_DIGITS = delete(digits).where(one_of(digits.c.image_id, "ids"))


def int64(number: int) -> int:
    """Give a time in nanoseconds, a device or an inode as the ledger holds it: a signed number of 64 bits.

    That many nanoseconds reach from 1677 to 2262. File systems hold other years too, and larger inodes. These wrap
    around, so another one is still another number. SQLite would store a larger number inexactly, and PostgreSQL would
    refuse it.
    """
    return (number + 2**63) % 2**64 - 2**63


def register(database: Database, folder: str, files: Sequence[SeenFile]) -> list[int]:
    """Write a `queued` row for every file that is new or has other content, and give their ids. Commits.

    Safe to call twice: a file that the ledger has with this size and time changes nothing. Raises ValueRefused, and
    writes nothing, if the database can't hold one of them.
    """
    given = {"files": as_json(files), "folder": folder}
    with database.direct() as ledger:
        ids = [row_id for (row_id,) in ledger.fetch(_upsert_for(database.engine.dialect.name), given)]
        ledger.run(FORGET_DIGITS, {"ids": json.dumps(ids)})
    return ids


@cache  # building the statement costs more than running it on a single row
def _upsert_for(dialect: str) -> ReturningInsert[int]:
    """Write all files of a JSON list in one statement."""
    # each dialect has its own insert with ON CONFLICT, and only the one in use is imported
    upsert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    columns = [images.c[name] for name in ("folder", "status", "first_seen_ms", *_FIELDS)]
    values: list[ColumnElement[Any]] = [
        bindparam("folder", type_=Text),
        literal(Status.QUEUED.value),
        NOW,
        *seen(dialect),
    ]
    # without the WHERE, SQLite's parser takes ON CONFLICT for the ON of a join
    new_rows = upsert(images).from_select(columns, select(*values).where(true()))
    new = new_rows.excluded
    statement: ReturningInsert[int] = new_rows.on_conflict_do_update(
        index_elements=IDENTITY[dialect],
        set_={**_OTHER_CONTENT, "first_seen_ms": new.first_seen_ms, **{name: new[name] for name in _FIELDS[1:]}},
        where=or_(images.c.size != new.size, images.c.mtime_ns != new.mtime_ns),
    ).returning(images.c.id)
    return statement


def as_json(files: Iterable[SeenFile]) -> str:
    """Give files as the JSON list that `seen` takes apart, each path once, as PostgreSQL demands."""
    return f"[{', '.join({file.path: file.as_json for file in files}.values())}]"


def seen(dialect: str) -> list[Label[Any]]:
    """Give the columns of the files in the parameter `files`, a JSON list."""
    columns = fields(dialect, "files", *(images.c[name].type for name in _FIELDS))
    return [column.label(name) for name, column in zip(_FIELDS, columns, strict=True)]


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


def requeue(database: Database, row_ids: Sequence[int], *, changed: bool = False) -> list[int]:
    """Queue the given rows again, and give the ids of those that are there. Commits.

    `changed`: their files may have other content, so that what people said about them may not hold.
    """
    return _requeue(database, among(images.c.id, row_ids), _OTHER_CONTENT if changed else QUEUE_AGAIN)


def requeue_failed(database: Database, folders: Sequence[str]) -> list[int]:
    """Queue the failed rows of these watched folders again, and give their ids. Commits."""
    those = and_(images.c.status == Status.FAILED, images.c.folder.in_(folders))
    return _requeue(database, those, QUEUE_AGAIN)


def _requeue(database: Database, those: ColumnElement[bool], values: dict[str, Any]) -> list[int]:
    again = update(images).values({**values, "first_seen_ms": NOW}).returning(images.c.id)
    with database.writing() as connection:
        ids = list(connection.execute(again.where(those)).scalars())
        connection.execute(FORGET_DIGITS, {"ids": json.dumps(ids)})
    return ids
