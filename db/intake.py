"""Register files, find the rows that wait for their answer, and requeue rows by hand."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import JSON, BigInteger, ColumnElement, Text, bindparam, cast, func, literal, or_, select, true, update
from sqlalchemy.sql.dml import ReturningInsert

from db.engine import Database
from db.tables import Status, images

_Item = TypeVar("_Item")

#: Milliseconds for which a claim holds. By then the hard time limit has killed the process, or its worker is gone.
LEASE_MS = 60_000
#: Milliseconds by which an answered row must be younger than one whose message counts as lost: several workers take
#: messages at once, and none holds one longer than a claim.
OVERTAKEN_MS = LEASE_MS
#: Number of latest answers that show how far the workers are. Some of them were enqueued again, and are old.
LATEST_ANSWERS = 100
#: Maximum number of rows in a statement, well below every database's limit on bound values.
STATEMENT_ROWS = 1000


@dataclass(frozen=True)
class SeenFile:
    """A complete file in the watched folder; `path` is the ledger's text, relative to that folder."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Owed:
    """Rows to enqueue: `fresh` ones may share messages, each of the `tried` ones needs its own."""

    fresh: list[int]
    tried: list[int]


#: The values of a row whose file is to be read from the start.
QUEUE_AGAIN: dict[str, Any] = {
    "status": Status.QUEUED,
    "attempts": 0,
    "crashes": 0,
    "claim": None,
    "claimed_ms": None,
    "reason": None,
    "reading": None,
    "confidence": None,
    "model_version": None,
    "recognized_ms": None,
    "written": None,
}


def now_ms() -> int:
    """Milliseconds since 1970, the ledger's clock."""
    return time.time_ns() // 1_000_000


def register(database: Database, folder: str, files: Sequence[SeenFile]) -> list[int]:
    """Write a `queued` row for every file that is new or has other content, and give their ids. Commits.

    Safe to call twice: a file that the ledger has with this size and time changes nothing.
    """
    once_each = {file.path: (file.path, file.size, file.mtime_ns) for file in files}  # as PostgreSQL demands
    given = {"files": json.dumps(list(once_each.values())), "folder": folder, "now": now_ms()}
    with database.direct() as ledger:
        return [row_id for (row_id,) in ledger.fetch(_upsert_for(database.engine.dialect.name), given)]


@cache  # building the statement costs more than running it on a single row
def _upsert_for(dialect: str) -> ReturningInsert[int]:
    """Write all files of a JSON list, each a list of path, size and time, in one statement."""
    # each dialect has its own insert with ON CONFLICT, and only the one in use is imported
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    columns = [images.c[name] for name in ("folder", "status", "first_seen_ms", "path", "size", "mtime_ns")]
    values: list[ColumnElement[Any]] = [
        bindparam("folder", type_=Text),
        literal(Status.QUEUED.value),
        bindparam("now", type_=BigInteger),
        *_fields(dialect),
    ]
    # without the WHERE, SQLite's parser takes ON CONFLICT for the ON of a join
    new_rows = insert(images).from_select(columns, select(*values).where(true()))
    new = new_rows.excluded
    statement: ReturningInsert[int] = new_rows.on_conflict_do_update(
        index_elements=[images.c.folder, images.c.path],
        set_={**QUEUE_AGAIN, "size": new.size, "mtime_ns": new.mtime_ns, "first_seen_ms": new.first_seen_ms},
        where=or_(images.c.size != new.size, images.c.mtime_ns != new.mtime_ns),
    ).returning(images.c.id)
    return statement


def _fields(dialect: str) -> list[ColumnElement[Any]]:
    """Give path, size and time of each file in the list."""
    files = bindparam("files", type_=Text)
    if dialect == "sqlite":
        file = func.json_each(files).table_valued("value").c.value
        return [func.json_extract(file, f"$[{place}]") for place in range(3)]
    file = func.json_array_elements(cast(files, JSON)).column_valued("file")
    texts = [file.op("->>")(place) for place in range(3)]
    return [texts[0], *(cast(text, BigInteger) for text in texts[1:])]


# Built once: a rescan runs it for every thousand files.
_KNOWN = select(images.c.path, images.c.size, images.c.mtime_ns).where(
    images.c.folder == bindparam("folder"), images.c.path.in_(bindparam("paths", expanding=True))
)


def changed(database: Database, folder: str, files: Sequence[SeenFile]) -> list[SeenFile]:
    """Pick the files that the ledger does not have with this size and time. Read-only."""
    known: dict[str, tuple[int, int]] = {}
    with database.reading() as connection:
        for part in _parts(files):
            rows = connection.execute(_KNOWN, {"folder": folder, "paths": [file.path for file in part]})
            known.update((path, (size, mtime_ns)) for path, size, mtime_ns in rows)
    return [file for file in files if known.get(file.path) != (file.size, file.mtime_ns)]


def unclaimed(now: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Give the condition for rows without a claim that still holds; `now` is in milliseconds."""
    return or_(images.c.claimed_ms.is_(None), images.c.claimed_ms < now - LEASE_MS)


def owed(database: Database, folder: str | None = None) -> Owed:
    """Find every queued row that is not claimed, of one watched folder or of all. Read-only."""
    return _owed(database, folder, true())


def overtaken(database: Database, folder: str) -> Owed:
    """Find the owed rows of a folder that later ones have overtaken. Read-only.

    Messages are taken in the order in which they were sent. Where a row has its answer, the message of one that was
    enqueued OVERTAKEN_MS before it is lost. While nothing is answered, no row is overtaken.
    """
    by_answer = (images.c.recognized_ms.desc().nulls_last(), images.c.id.desc())
    answered = select(images.c.first_seen_ms).where(images.c.recognized_ms.is_not(None)).order_by(*by_answer)
    reached = select(func.max(answered.limit(LATEST_ANSWERS).subquery().c.first_seen_ms)).scalar_subquery()
    return _owed(database, folder, images.c.first_seen_ms < reached - OVERTAKEN_MS)


def _owed(database: Database, folder: str | None, those: ColumnElement[bool]) -> Owed:
    here = true() if folder is None else images.c.folder == folder
    which = (images.c.status == Status.QUEUED, unclaimed(now_ms()), here, those)
    waiting = select(images.c.id, images.c.attempts).where(*which)
    with database.reading() as connection:
        rows = connection.execute(waiting).all()
    return Owed(
        fresh=[row.id for row in rows if row.attempts == 0],
        tried=[row.id for row in rows if row.attempts > 0],
    )


def queued(database: Database, folder: str) -> int:
    """Count the queued rows of one watched folder. Read-only."""
    waiting = (images.c.status == Status.QUEUED, images.c.folder == folder)
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(images).where(*waiting)).scalar_one()


def requeue(database: Database, row_ids: Sequence[int] | None) -> list[int]:
    """Queue the given rows again, or with None all failed ones, and give their ids. Commits."""
    ids: list[int] = []
    with database.writing() as connection:
        again = update(images).values({**QUEUE_AGAIN, "first_seen_ms": now_ms()}).returning(images.c.id)
        if row_ids is None:
            return list(connection.execute(again.where(images.c.status == Status.FAILED)).scalars())
        for part in _parts(row_ids):
            ids += connection.execute(again.where(images.c.id.in_(part))).scalars()
    return ids


def _parts(items: Sequence[_Item]) -> Iterable[Sequence[_Item]]:
    return (items[start : start + STATEMENT_ROWS] for start in range(0, len(items), STATEMENT_ROWS))
