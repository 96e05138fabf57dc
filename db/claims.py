"""Claim rows and answer them. A crash at any moment loses no row.

A claim is a lease: it says which message reads a row, and until when. It is committed before the first file is opened.
An answer or a release ends it. A lease that runs out ends it too, and says nothing about the file: the database may
have been away, the machine suspended, the worker stopped or killed.

A crash is the death of a reading process. Its worker sees the death, and delivers the message once more from its own
memory, as redelivered. A living process ends its claim before it gives a message up. So a row is proven to have been
with the dead process if it still bears the claim of a redelivered message.

The count decides about the file. It rises only for a row that was alone in its message: among several rows nobody knows
which one it was. From the first attempt without an answer on, a row is alone in its message. After MAX_CRASHES crashes
it is `failed`, but only if the model has read another file: before that the model is suspected, not the file.

Where the whole worker dies, nobody is left to see it. Its rows are free when their lease runs out, and no crash is
counted. A file that kills the whole worker each time would do so for ever. Therefore MAX_ATTEMPTS ends it. The same
limit ends a row whose reader fails on it each time, and one whose file never is as it was registered.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    insert,
    null,
    or_,
    select,
    update,
)

from db.clock import NOW
from db.corrections import STAND
from db.engine import Database
from db.halves import in_halves
from db.intake import FORGET_DIGITS, int64, unclaimed
from db.lists import one_of
from db.statements import Statements
from db.tables import NEXT_ANSWER, Status, digits, images

#: Crashes after which a file is failed.
MAX_CRASHES = 3
CRASHED = f"its reader crashed {MAX_CRASHES} times"
#: Attempts without an answer or a crash after which a file is failed. Outages and kills cause far fewer: a process that
#: outlives an outage takes its attempts back.
MAX_ATTEMPTS = 10
UNANSWERED = f"it was tried {MAX_ATTEMPTS} times without an answer"
UNSTEADY = f"it was still changing, {MAX_ATTEMPTS} times"


@dataclass(frozen=True)
class ClaimedFile:
    """A row that a message has claimed; folder and path are the ledger's texts."""

    id: int
    folder: str
    path: str
    size: int
    mtime_ns: int

    def is_unchanged(self, size: int, mtime_ns: int) -> bool:
        """Whether a file of this size and time is the one that was registered."""
        return (self.size, self.mtime_ns) == (size, int64(mtime_ns))


@dataclass(frozen=True)
class Claim:
    """What a message got: `files` to read, and rows to enqueue again, each `alone` in its message.

    `died` are those of its rows that were with a process that died.
    """

    files: list[ClaimedFile]
    alone: list[int]
    died: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class DigitRow:
    """One digit of an answer; `box` is left, top, width, height in pixels."""

    label: int
    confidence: float
    box: tuple[int, int, int, int]
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """The outcome of one claimed file: a final status and all that is known with it."""

    id: int
    status: Status
    reason: str | None = None
    reading: str | None = None
    confidence: float | None = None
    model_version: int | None = None
    hash: str | None = None
    dark_on_light: bool | None = None
    digits: tuple[DigitRow, ...] = ()
    written: str | None = None


class _Row(NamedTuple):
    """A queued row that nobody else has claimed."""

    id: int
    attempts: int
    crashes: int
    claim: str | None


# Built once: building a statement costs as much as running it on a single row.
_TOKEN = bindparam("token", type_=String)
_OURS = images.c.claim == _TOKEN
_NAMED = one_of(images.c.id, "ids")
#: Written so that no index fits: SQLite would search all queued rows for the named ones.
_QUEUED = images.c.status.concat("") == Status.QUEUED


def _locked(rows: ColumnElement[bool]) -> Select[tuple[int, int, int, str | None]]:
    """Find and lock those of the named rows, in the order of their ids: two workers never wait for each other."""
    columns = (images.c.id, images.c.attempts, images.c.crashes, images.c.claim)
    return select(*columns).where(_NAMED, rows).order_by(images.c.id).with_for_update()


_FREE = _locked(and_(_QUEUED, unclaimed()))
_FREE_OR_OURS = _locked(and_(_QUEUED, or_(unclaimed(), _OURS)))
_CLAIMED = _locked(_OURS).with_only_columns(images.c.id)
_UNTRIED = _FREE.where(images.c.attempts == 0).with_only_columns(images.c.id)
_CLAIM = (
    update(images)
    .values(attempts=images.c.attempts + 1, claim=_TOKEN, claimed_ms=NOW)
    .returning(images.c.id, images.c.folder, images.c.path, images.c.size, images.c.mtime_ns)
)
_CLAIM_NAMED = _CLAIM.where(_NAMED)
_CLAIM_UNTRIED = _CLAIM.where(images.c.id.in_(_UNTRIED))
_END_CLAIM = update(images).where(_NAMED).values(claim=None, claimed_ms=None)
_COUNT_CRASH = update(images).where(_NAMED).values(crashes=images.c.crashes + 1)
_FAIL = _END_CLAIM.values(
    status=Status.FAILED,
    reason=bindparam("why", type_=String),
    recognized_ms=bindparam("recognized_ms", type_=BigInteger),
    answer=bindparam("answer", type_=BigInteger),
)
_RELEASE = _END_CLAIM.where(_OURS).values(attempts=images.c.attempts - 1)
_POSTPONE = _END_CLAIM.where(_OURS)
_WORN = _CLAIMED.where(images.c.attempts - images.c.crashes >= MAX_ATTEMPTS)
_HAS_READ = select(images.c.id).where(images.c.model_version == bindparam("model_version", type_=Integer)).limit(1)
_ADD_DIGITS = insert(digits)
_ANSWERED = (
    "status", "reason", "reading", "confidence", "model_version", "hash", "dark_on_light", "written", "answer",
    "recognized_ms",
)  # fmt: skip
_FINISH = (
    update(images)
    .where(images.c.id == bindparam("row_id"))
    .ordered_values(*((name, bindparam(name)) for name in _ANSWERED), ("claim", null()), ("claimed_ms", null()))
)


def claim(
    database: Database, ids: Sequence[int], token: str, *, model_version: int = 0, redelivered: bool = False
) -> Claim:
    """Claim the rows of one message for the model that will read them. Commits.

    Rows that are answered, unknown, or claimed by another message are left out. So a message that comes twice changes
    nothing. `redelivered`: the worker delivers this very message again because its process died.
    """
    given = {"token": token, "ids": json.dumps(ids)}
    with database.direct() as ledger:
        # nearly always no row was tried before, and this one statement is all
        files = [] if redelivered else _files(ledger.fetch(_CLAIM_UNTRIED, given))
        if len(files) == len(ids):
            return Claim(files, alone=[])
        rows = [_Row(*row) for row in ledger.fetch(_FREE_OR_OURS if redelivered else _FREE, given)]
        died = [row.id for row in rows if redelivered and row.claim == token]
        if len(ids) > 1:
            tried = [row.id for row in rows if row.attempts > 0]
            ledger.run(_END_CLAIM, {"ids": json.dumps(tried)})
            given["ids"] = json.dumps([row.id for row in rows if row.attempts == 0])
            return Claim(files + _files(ledger.fetch(_CLAIM_NAMED, given)), tried, died)
        ledger.run(_COUNT_CRASH, {"ids": json.dumps(died)})
        for row in rows:
            why = _verdict(ledger, row, died=bool(died), model_version=model_version)
            if why:
                _fail(ledger, [row.id], why)
                return Claim([], [], died)
        return Claim(_files(ledger.fetch(_CLAIM_NAMED, given)) if rows else [], [], died)


def _verdict(ledger: Statements, row: _Row, *, died: bool, model_version: int) -> str | None:
    """Give the reason for which a row is failed unread; None for one that is tried again."""
    crashes = row.crashes + died
    if died and crashes >= MAX_CRASHES and ledger.fetch(_HAS_READ, {"model_version": model_version}):
        return CRASHED
    return UNANSWERED if row.attempts - crashes >= MAX_ATTEMPTS else None


def _files(rows: Sequence[tuple[Any, ...]]) -> list[ClaimedFile]:
    return [ClaimedFile(*row) for row in rows]


def release(database: Database, ids: Sequence[int], token: str) -> None:
    """End the claim of rows that were not read, and take their attempt back. Commits.

    Rows that another message has claimed meanwhile are left alone.
    """
    if not ids:
        return
    with database.direct() as ledger:
        ledger.run(_RELEASE, {"token": token, "ids": json.dumps(ids)})


def postpone(database: Database, ids: Sequence[int], token: str, why: str) -> None:
    """End the claim of rows that could not be answered now; their attempt counts. Commits.

    A row that has no attempt left is `failed`, with the reason `why`. Registering another size or time begins anew.
    """
    if not ids:
        return
    given = {"token": token, "ids": json.dumps(ids)}
    with database.direct() as ledger:
        if worn := [row_id for (row_id,) in ledger.fetch(_WORN, given)]:
            _fail(ledger, worn, why)
        ledger.run(_POSTPONE, given)


def _fail(ledger: Statements, ids: Sequence[int], why: str) -> None:
    ((number, moment),) = ledger.fetch(NEXT_ANSWER[ledger.dialect], {})
    ledger.run(_FAIL, {"answer": number, "recognized_ms": moment, "why": why, "ids": json.dumps(ids)})


def answer(database: Database, token: str, answers: Sequence[Answer]) -> int:
    """Write the outcomes of one message together; give the number written. Commits.

    A row whose file changed meanwhile, or that another message has claimed, is left out: its own message answers it.
    One whose answer the database can't hold is `failed` with that reason.
    """
    if not answers:
        return 0
    write = partial(_answer, database, token)
    written, refused = in_halves(answers, write)
    if refused:
        written += write([Answer(one.item.id, Status.FAILED, reason=one.reason) for one in refused])
    return len(written)


def _answer(database: Database, token: str, answers: Sequence[Answer]) -> list[int]:
    """Write outcomes in one transaction; give the rows written."""
    claimed = {"token": token, "ids": json.dumps([given.id for given in answers])}
    with database.direct() as ledger:
        mine = {row_id for (row_id,) in ledger.fetch(_CLAIMED, claimed)}
        kept = [given for given in answers if given.id in mine]
        if kept:
            _write(ledger, kept)
    return [given.id for given in kept]


def _write(ledger: Statements, answers: Sequence[Answer]) -> None:
    ((number, moment),) = ledger.fetch(NEXT_ANSWER[ledger.dialect], {})
    ids = {"ids": json.dumps([given.id for given in answers])}
    ledger.run_each(_FINISH, [(*_image_values(given), number, moment, given.id) for given in answers])
    ledger.run(STAND, ids)  # the content that was read may be another one now
    ledger.run(FORGET_DIGITS, ids)
    found = [
        (given.id, position, digit.label, digit.confidence, *digit.box, *digit.probabilities)
        for given in answers
        for position, digit in enumerate(given.digits)
    ]
    if found:
        ledger.run_each(_ADD_DIGITS, found)


def _image_values(given: Answer) -> tuple[Any, ...]:
    return (
        given.status.value,
        given.reason,
        given.reading,
        given.confidence,
        given.model_version,
        given.hash,
        None if given.dark_on_light is None else int(given.dark_on_light),
        given.written,
    )
