"""Keep what people say about pictures. Each answer is a row, and so is taking one back; no row is ever changed.

One exception: if its row of `images` is forgotten, the row that shows the answer has it, see `bequeath`.

An answer belongs to the content that the person saw, in the watched folder. It stands where its row of `images` shows
that content: through every reading, `digits retry`, a new model and another name. It also stands where that content has
gone to the path of another row, see `_is_of`. The machine's answer stays beside it. `images.correction` points at the
answer that stands.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Row, and_, func, insert, or_, select, update

from db.clock import NOW
from db.engine import Database
from db.lists import one_of
from db.tables import NEXT_ANSWER, Said, corrections, images


@dataclass(frozen=True)
class Correction:
    """What `person` says about a picture.

    `reading` has the digits alone, `written` also the signs. Both are the whole reading, also if the person corrected
    only the digit at `position`. An `audit` was answered without sight of the machine's answer.
    """

    person: str
    said: Said
    reading: str | None = None
    written: str | None = None
    position: int | None = None
    audit: bool = False


def _shown_hash(rows: FromClause) -> ColumnElement[Any]:
    """Give the content a row shows: of its last answer or, until it is read again, of the correction that stands."""
    pointed = corrections.alias()
    standing = select(pointed.c.hash).where(pointed.c.id == rows.c.correction).correlate(rows).scalar_subquery()
    return func.coalesce(rows.c.hash, standing)


_HASH = _shown_hash(images)
_other, _undo = images.alias(), corrections.alias()


def _is_of() -> ColumnElement[bool]:
    """Whether a correction of the content of a row is about this row's file.

    It was given for this row, or for another row of the folder. That one shows other content by now, or it knows the
    same file: the file was renamed onto this row's path. A copy has an inode of its own, and no part in the answer.
    """
    same_file = and_(_other.c.inode == images.c.inode, _other.c.device == images.c.device, images.c.inode != 0)
    left = _shown_hash(_other).is_distinct_from(corrections.c.hash)
    here = (_other.c.id == corrections.c.image_id, _other.c.folder == images.c.folder)
    moved = select(_other.c.id).where(*here, or_(left, same_file)).correlate(images, corrections).exists()
    return or_(corrections.c.image_id == images.c.id, moved)


def _of_newest(column: Column[Any]) -> ColumnElement[Any]:
    """Give a column of the newest correction of a row's file and content that is not taken back."""
    here = (corrections.c.hash == _HASH, corrections.c.said != Said.UNDO, _is_of())
    undone = select(_undo.c.id).where(_undo.c.undoes == corrections.c.id).exists()
    newest = select(column).where(*here, ~undone).order_by(corrections.c.id.desc()).limit(1)
    return newest.correlate(images).scalar_subquery()


_known = select(corrections.c.id).where(corrections.c.hash == _HASH).correlate(images).exists()
#: Lets the newest correction of each of the rows `ids` stand.
STAND = (
    update(images)
    .where(one_of(images.c.id, "ids"), or_(images.c.correction.is_not(None), _known))
    .values(correction=_of_newest(corrections.c.id), person_reading=_of_newest(corrections.c.reading))
)
_MACHINE = ("status", "reading", "written", "confidence", "model_version")
_ROW = select(_HASH.label("content"), *(images.c[name] for name in ("correction", *_MACHINE)))
#: The rows that show an answer which was given for one of the rows `ids`.
_HEIRS = (
    select(images.c.id, corrections.c.image_id, corrections.c.hash)
    .join(corrections, corrections.c.id == images.c.correction)
    .where(one_of(corrections.c.image_id, "ids"), images.c.correction.is_not(None))
)


def shown_content(database: Database, image_id: int) -> str | None:
    """Give the hash of the content that a row shows; None if it is not known yet. Read-only."""
    with database.reading() as connection:
        return connection.execute(select(_HASH).where(images.c.id == image_id)).scalar_one_or_none()


def correct(database: Database, image_id: int, content: str, given: Correction) -> bool:
    """Write a person's answer to the picture with the hash `content`. Commits.

    False, and nothing is written, if the row shows other content by now. Raises ValueRefused.
    """
    with database.writing() as connection:
        row = _locked(connection, image_id)
        if row is None or row.content != content:
            return False
        _add(connection, image_id, row, given)
    return True


def undo(database: Database, image_id: int, person: str) -> Correction | None:
    """Take the answer back that stands, and give it. The one before it stands again, or else the machine's. Commits.

    None, and nothing is written, if no person's answer stands.
    """
    with database.writing() as connection:
        row = _locked(connection, image_id)
        if row is None or row.correction is None:
            return None
        _add(connection, image_id, row, Correction(person, Said.UNDO), undoes=row.correction)
        taken = connection.execute(select(corrections).where(corrections.c.id == row.correction)).one()
    return Correction(
        taken.person, Said(taken.said), taken.reading, taken.written, taken.position, audit=bool(taken.audit)
    )


def bequeath(connection: Connection, image_ids: Sequence[int]) -> None:
    """Let rows that show an answer which was given for one of `image_ids` have it: these are about to be deleted."""
    gone = set(image_ids)
    for heir, image_id, content in connection.execute(_HEIRS, {"ids": json.dumps(image_ids)}).all():
        if heir not in gone:
            here = (corrections.c.image_id == image_id, corrections.c.hash == content)
            connection.execute(update(corrections).where(*here).values(image_id=heir))


def _locked(connection: Connection, image_id: int) -> Row[Any] | None:
    """Give a row of `images` that nobody else changes until the transaction ends."""
    here = images.c.id == image_id
    connection.execute(select(images.c.id).where(here).with_for_update())
    # Only a second statement sees the corrections that came while the first one waited.
    return connection.execute(_ROW.where(here)).one_or_none()


def _add(connection: Connection, image_id: int, row: Row[Any], given: Correction, *, undoes: int | None = None) -> None:
    # What takes an answer back stays with it: it is forgotten together with the answer, and not before.
    owner = select(corrections.c.image_id).where(corrections.c.id == undoes).scalar_subquery() if undoes else image_id
    new = {
        "image_id": owner, "hash": row.content, "position": given.position, "said": given.said,
        "reading": given.reading, "written": given.written, "person": given.person, "audit": int(given.audit),
        "undoes": undoes, "machine_status": row.status, "machine_reading": row.reading, "machine_written": row.written,
        "machine_confidence": row.confidence, "machine_model": row.model_version,
    }  # fmt: skip
    connection.execute(insert(corrections).values(said_ms=NOW, **new))
    connection.execute(STAND, {"ids": json.dumps([image_id])})
    # People who follow the ledger see each new number.
    number, _ = connection.execute(NEXT_ANSWER[connection.dialect.name]).one()
    connection.execute(update(images).where(images.c.id == image_id).values(answer=number))
