"""The questions people ask the ledger. All read-only."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, true

from db.engine import Database
from db.glob import matches
from db.halves import ascii_text
from db.lists import among
from db.tables import Said, Source, Status, corrections, digits, images, unregistered


@dataclass(frozen=True)
class Balance:
    """The number of files ever seen, and of those that show each status. The sum must close.

    `waiting` is the number of files to be read. It counts also those that are `accepted` or `rejected` by a person.
    """

    seen: int
    by_status: dict[Status, int]
    waiting: int

    @property
    def closes(self) -> bool:
        """Whether every file seen has exactly one status."""
        return self.seen == sum(self.by_status.values())


@dataclass(frozen=True)
class Unregistered:
    """The number of files that could not be registered, and why the last one was not; None if there is none."""

    files: int
    reason: str | None


@dataclass(frozen=True)
class Result:
    """One file and what is shown of it: what a person said, if `source` says so. Times are milliseconds since 1970.

    `reading` has the digits alone, `written` also the signs and the spaces between numbers. `answer` is a number: the
    answers of one message share it, and later ones have a higher one, also when the clock is set back.
    """

    id: int
    folder: str
    path: str
    status: Status
    reading: str | None
    confidence: float | None
    reason: str | None
    model_version: int | None
    recognized_ms: int | None
    written: str | None = None
    answer: int | None = None
    source: Source = Source.MACHINE


class Sort(StrEnum):
    """The orders of results. What has no time or confidence yet comes last."""

    LATEST = "latest"
    OLDEST = "oldest"
    PATH = "path"
    CONFIDENCE = "confidence"  # the least sure first
    ID = "id"


@dataclass(frozen=True)
class Filter:
    """Which results to give, in which order; None means any.

    `digit` selects files in which that digit was read, `reading` those whose digits or written number are that text.
    `path` is a pattern as in `db.glob`. `after` is a row's id, and selects the rows with a larger one. All are about
    what is shown.
    """

    digit: int | None = None
    statuses: Collection[Status] = ()
    min_confidence: float | None = None
    max_confidence: float | None = None
    reading: str | None = None
    path: str | None = None
    since_ms: int | None = None
    after: int | None = None
    ids: Collection[int] | None = None
    limit: int | None = None
    sort: Sort = Sort.LATEST
    source: Source | None = None


@dataclass(frozen=True)
class StoredDigit:
    """One digit as the ledger keeps it."""

    position: int
    label: int
    confidence: float
    box: tuple[int, int, int, int]
    probabilities: tuple[float, ...]


_BY_MACHINE = images.c.correction.is_(None)
_SAYS = case((corrections.c.said == Said.READING, "says "), else_=corrections.c.said + ", says ")
#: What the machine said of a file, and what is shown of it, as the view `results` has it.
_MACHINE = {name: images.c[name] for name in Result.__annotations__ if name != "source"}
_SHOWN: Mapping[str, ColumnElement[Any]] = _MACHINE | {
    "status": images.c.shown_status,
    "reading": images.c.shown_reading,
    "confidence": images.c.shown_confidence,
    "reason": case((_BY_MACHINE, images.c.reason), else_=_SAYS + corrections.c.person),
    "written": case((_BY_MACHINE, images.c.written), else_=corrections.c.written),
    "source": case((_BY_MACHINE, Source.MACHINE), else_=Source.PERSON),
}
_RESULTS = select(*(column.label(name) for name, column in _SHOWN.items())).select_from(
    images.outerjoin(corrections, corrections.c.id == images.c.correction)
)

_ORDERS: Mapping[Sort, Sequence[ColumnElement[Any]]] = {
    Sort.LATEST: (images.c.recognized_ms.desc().nulls_last(), images.c.id.desc()),
    Sort.OLDEST: (images.c.recognized_ms.asc().nulls_last(), images.c.id),
    Sort.PATH: (images.c.folder, images.c.path),
    Sort.CONFIDENCE: (images.c.shown_confidence.asc().nulls_last(), images.c.id),
    Sort.ID: (images.c.id,),
}
#: The condition that each field of a filter stands for.
_CONDITIONS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "digit": lambda digit: images.c.shown_reading.contains(str(digit)),
    "min_confidence": lambda least: images.c.shown_confidence >= least,
    "max_confidence": lambda most: images.c.shown_confidence <= most,
    "reading": lambda text: or_(images.c.shown_reading == text, _SHOWN["written"] == text),
    "since_ms": lambda moment: images.c.recognized_ms >= moment,
    "after": lambda row_id: images.c.id > row_id,
    "ids": lambda ids: among(images.c.id, list(ids)),
    "source": lambda source: _BY_MACHINE if source is Source.MACHINE else ~_BY_MACHINE,
}


def balance(database: Database) -> Balance:
    """Count all files, all by the status that is shown, and those to be read, at one moment."""
    # One statement sees one moment on every database. Two would differ by the files registered between them. Each count
    # is a subquery, as grouping takes SQLite twice as long.
    all_files = select(func.count()).select_from(images)
    counts = [all_files.where(images.c.shown_status == status).scalar_subquery() for status in Status]
    to_read = all_files.where(images.c.status == Status.QUEUED).scalar_subquery()
    with database.reading() as connection:
        seen, waiting, *counted = connection.execute(select(all_files.scalar_subquery(), to_read, *counts)).one()
    return Balance(seen=seen, by_status=dict(zip(Status, counted, strict=True)), waiting=waiting)


def not_registered(database: Database, folder: str | None = None) -> Unregistered:
    """Count the files that watchers found and could not register, in one folder or in all. They are in no balance."""
    those = true() if folder is None else unregistered.c.folder == ascii_text(folder)
    counted = select(func.coalesce(func.sum(unregistered.c.files), 0)).where(those).scalar_subquery()
    latest = select(unregistered.c.reason).where(those).order_by(unregistered.c.id.desc()).limit(1).scalar_subquery()
    with database.reading() as connection:
        files, reason = connection.execute(select(counted, latest)).one()
    return Unregistered(files, reason)


def latest_answer_ms(database: Database) -> int | None:
    """Give the time of the latest answer; None if there is none."""
    with database.reading() as connection:
        latest: int | None = connection.execute(select(func.max(images.c.recognized_ms))).scalar_one()
    return latest


def oldest_queued_ms(database: Database) -> int | None:
    """Give the time when the file that waits longest was first seen; None if none waits."""
    with database.reading() as connection:
        oldest: int | None = connection.execute(
            select(func.min(images.c.first_seen_ms)).where(images.c.status == Status.QUEUED)
        ).scalar_one()
    return oldest


def results(database: Database, wanted: Filter) -> list[Result]:
    """Give the files that match, in the order that is asked for."""
    query = _narrowed(_RESULTS.order_by(*_ORDERS[wanted.sort]), wanted, database.engine.dialect.name)
    with database.reading() as connection:
        return [_result(row) for row in connection.execute(query)]


def _narrowed(query: Select[tuple[object, ...]], wanted: Filter, dialect: str) -> Select[tuple[object, ...]]:
    for name, condition in _CONDITIONS.items():
        if (value := getattr(wanted, name)) is not None:
            query = query.where(condition(value))
    if len(wanted.statuses) == 1:  # an index gives one status in order, not several
        query = query.where(images.c.shown_status == next(iter(wanted.statuses)))
    elif wanted.statuses:
        query = query.where(images.c.shown_status.in_(wanted.statuses))
    if wanted.path is not None:
        query = query.where(matches(images.c.path, wanted.path, dialect))
    return query if wanted.limit is None else query.limit(wanted.limit)


def last_answer(database: Database) -> int:
    """Give the number of the last answer; 0 if there is none."""
    with database.reading() as connection:
        last: int = connection.execute(select(func.coalesce(func.max(images.c.answer), 0))).scalar_one()
    return last


def answered_after(database: Database, number: int, missing: Iterable[int] = ()) -> list[Result]:
    """Give the files answered after an answer, or by one of the `missing` answers, the earliest first."""
    later = or_(images.c.answer > number, among(images.c.answer, list(missing)))
    query = _RESULTS.where(later, images.c.status != Status.QUEUED).order_by(images.c.answer, images.c.id)
    with database.reading() as connection:
        return [_result(row) for row in connection.execute(query)]


def in_folder(database: Database, folder: str, *, limit: int, after: int | None = None) -> tuple[list[Result], int]:
    """Give the first files of one watched folder by path, and the number of all.

    With `after` both are about files answered after the answer of that number.
    """
    those = images.c.folder == folder
    if after is not None:
        those = and_(those, images.c.answer > after, images.c.status != Status.QUEUED)
    first = _RESULTS.where(those).order_by(images.c.path).limit(limit)
    with database.reading() as connection:
        total = connection.execute(select(func.count()).select_from(images).where(those)).scalar_one()
        return [_result(row) for row in connection.execute(first)], total


def has_folder(database: Database, folder: str) -> bool:
    """Whether the ledger has a file of one watched folder."""
    with database.reading() as connection:
        return connection.execute(select(images.c.id).where(images.c.folder == folder).limit(1)).first() is not None


def failed_by_folder(database: Database) -> dict[str, int]:
    """Count the failed files of each watched folder."""
    counts = select(images.c.folder, func.count().label("files")).where(images.c.status == Status.FAILED)
    with database.reading() as connection:
        return {row.folder: row.files for row in connection.execute(counts.group_by(images.c.folder))}


def find(database: Database, path: str, folder: str | None = None) -> list[Result]:
    """Find a file by its path in the watched folder; several folders may each have one."""
    query = _RESULTS.where(images.c.path == path)
    if folder is not None:
        query = query.where(images.c.folder == folder)
    with database.reading() as connection:
        return [_result(row) for row in connection.execute(query)]


def by_machine(database: Database, image_ids: Collection[int]) -> list[Result]:
    """Give what the machine says about some files, also where a person says something else."""
    query = select(*_MACHINE.values()).where(among(images.c.id, list(image_ids))).order_by(images.c.id)
    with database.reading() as connection:
        return [_result(row) for row in connection.execute(query)]


def digits_of(database: Database, image_ids: Sequence[int]) -> dict[int, list[StoredDigit]]:
    """Give the digits of some files, in reading order."""
    query = select(digits).where(among(digits.c.image_id, image_ids)).order_by(digits.c.image_id, digits.c.position)
    found: dict[int, list[StoredDigit]] = {}
    with database.reading() as connection:
        for row in connection.execute(query):
            found.setdefault(row.image_id, []).append(_stored_digit(row))
    return found


def _result(row: Row[tuple[object, ...]]) -> Result:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    source = Source(str(fields.get("source", Source.MACHINE)))
    return Result(**{**fields, "status": Status(str(fields["status"])), "source": source})


def _stored_digit(row: Row[tuple[object, ...]]) -> StoredDigit:
    return StoredDigit(
        position=row.position,
        label=row.label,
        confidence=row.confidence,
        box=(row.box_left, row.box_top, row.box_width, row.box_height),
        probabilities=tuple(float(getattr(row, f"p{label}")) for label in range(10)),
    )
