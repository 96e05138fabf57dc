"""Take rows in hand and give back their answers, so that a crash at any moment loses nothing.

A claim is written, with the attempt it costs, before the first file is opened. A row that was claimed and never
answered has crashed its reader, or shared the chunk with one that did: from then on it travels alone, and after three
crashes it is `failed`, so that it can neither stop its neighbours nor loop for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    delete,
    insert,
    null,
    or_,
    select,
    update,
)

from db.engine import Database
from db.intake import now_ms, unclaimed
from db.statements import LISTED, Statements
from db.tables import Status, digits, images

#: Crashes after which a file is no longer tried.
MAX_ATTEMPTS = 3
CRASHED = f"its reader crashed {MAX_ATTEMPTS} times"


@dataclass(frozen=True)
class ClaimedFile:
    """A row in this worker's hand; folder and path are the ledger's texts."""

    id: int
    folder: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Claim:
    """`files` are this message's to read; `alone` are to be sent again, each in a message of its own."""

    files: list[ClaimedFile]
    alone: list[int]


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


# The statements are made once: putting one together costs as much as running it on a single row.
_NOW = bindparam("now", type_=BigInteger)
_TOKEN = bindparam("token", type_=String)
_OURS = images.c.claim == _TOKEN
#: Said so that no index has it: to find the named rows SQLite would look through all that is queued.
_QUEUED = images.c.status.concat("") == Status.QUEUED


def _locked(rows: ColumnElement[bool]) -> Select[tuple[int, int]]:
    """Find and lock those of the named rows, in one order for all: no two workers wait in a circle."""
    named = select(images.c.id, images.c.attempts).where(images.c.id.in_(LISTED), rows)
    return named.order_by(images.c.id).with_for_update()


_FREE = _locked(and_(_QUEUED, unclaimed(_NOW)))
_FREE_OR_OURS = _locked(and_(_QUEUED, or_(unclaimed(_NOW), _OURS)))
_CLAIMED = _locked(_OURS)
_CLAIM = (
    update(images)
    .values(attempts=images.c.attempts + 1, claim=_TOKEN, claimed_ms=_NOW)
    .returning(images.c.id, images.c.folder, images.c.path, images.c.size, images.c.mtime_ns)
)
_TAKE = _CLAIM.where(images.c.id.in_(LISTED))
_TAKE_FRESH = _CLAIM.where(images.c.id.in_(_FREE.where(images.c.attempts == 0).with_only_columns(images.c.id)))
_LET_GO = update(images).where(images.c.id.in_(LISTED)).values(claim=None, claimed_ms=None)
_FAIL = _LET_GO.values(status=Status.FAILED, reason=CRASHED, recognized_ms=_NOW)
_GIVE_BACK = _LET_GO.where(_OURS).values(attempts=images.c.attempts - 1)
_FORGET_DIGITS = delete(digits).where(digits.c.image_id.in_(LISTED))
_ADD_DIGITS = insert(digits)
_ANSWERED = (
    "status", "reason", "reading", "confidence", "model_version", "hash", "dark_on_light", "recognized_ms", "written",
)  # fmt: skip
_DIGIT_COLUMNS = digits.c.keys()
_FINISH = (
    update(images)
    .where(images.c.id == bindparam("row_id"))
    .values(claim=null(), claimed_ms=null(), **{name: bindparam(name) for name in _ANSWERED})
)


def claim(database: Database, ids: Sequence[int], token: str, *, redelivered: bool = False) -> Claim:
    """Take the rows of one message in hand, at the cost of an attempt each. Commits.

    Rows that are answered, unknown, or in a living worker's hand are passed over, so a message that comes twice changes
    nothing. `redelivered` says that the broker sends this very message again after its worker died.
    """
    now = now_ms()
    given = {"now": now, "token": token}
    with database.direct() as ledger:
        # nearly always all rows are fresh, and this is all there is to do
        fresh = [] if redelivered else _files(ledger.fetch(_TAKE_FRESH, given, ids))
        if len(fresh) == len(ids):
            return Claim(fresh, alone=[])
        rows = ledger.fetch(_FREE_OR_OURS if redelivered else _FREE, given, ids)
        if len(ids) > 1:
            tried = [row_id for row_id, attempts in rows if attempts > 0]
            ledger.run(_LET_GO, {}, tried)
            untried = [row_id for row_id, attempts in rows if attempts == 0]
            return Claim(fresh + _files(ledger.fetch(_TAKE, given, untried)), tried)
        ledger.run(_FAIL, given, [row_id for row_id, attempts in rows if attempts >= MAX_ATTEMPTS])
        mine = [row_id for row_id, attempts in rows if attempts < MAX_ATTEMPTS]
        return Claim(_files(ledger.fetch(_TAKE, given, mine)), alone=[])


def _files(rows: Sequence[tuple[Any, ...]]) -> list[ClaimedFile]:
    return [ClaimedFile(*row) for row in rows]


def release(database: Database, ids: Sequence[int], token: str) -> None:
    """Give claimed rows back unread and without the attempt: they crashed nobody. Commits."""
    if not ids:
        return
    with database.direct() as ledger:
        ledger.run(_GIVE_BACK, {"token": token}, ids)


def answer(database: Database, token: str, answers: Sequence[Answer]) -> int:
    """Write the outcomes of one message in one transaction; give how many were still this message's. Commits.

    A row whose file changed meanwhile, or that another worker took over, is passed over: its own message answers it.
    """
    if not answers:
        return 0
    with database.direct() as ledger:
        ids = [given.id for given in answers]
        mine = {row_id for row_id, _ in ledger.fetch(_CLAIMED, {"token": token}, ids)}
        kept = [given for given in answers if given.id in mine]
        if kept:
            _write(ledger, kept)
    return len(kept)


def _write(ledger: Statements, answers: Sequence[Answer]) -> None:
    now = now_ms()
    ledger.run_each(_FINISH, [_image_values(given, now) for given in answers])
    ledger.run(_FORGET_DIGITS, {}, [given.id for given in answers])
    found = [
        _digit_values(given.id, position, digit) for given in answers for position, digit in enumerate(given.digits)
    ]
    if found:
        ledger.run_each(_ADD_DIGITS, found)


def _image_values(given: Answer, now: int) -> dict[str, Any]:
    return {
        "row_id": given.id,
        "status": given.status.value,
        "reason": given.reason,
        "reading": given.reading,
        "confidence": given.confidence,
        "model_version": given.model_version,
        "hash": given.hash,
        "dark_on_light": None if given.dark_on_light is None else int(given.dark_on_light),
        "recognized_ms": now,
        "written": given.written,
    }


def _digit_values(image_id: int, position: int, digit: DigitRow) -> dict[str, Any]:
    values = (image_id, position, digit.label, digit.confidence, *digit.box, *digit.probabilities)
    return dict(zip(_DIGIT_COLUMNS, values, strict=True))
