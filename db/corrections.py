"""Keep what people say about pictures. Each answer is a row, and so is taking one back; no row is ever changed.

An answer belongs to a row of `images` and to the content that the person saw. It stands while the file has that
content: through every reading, `digits retry`, a new model and another name. The machine's answer stays beside it.
`images.correction` points at the answer that stands.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, func, insert, select, update

from db.clock import NOW
from db.engine import Database
from db.lists import one_of
from db.tables import Said, corrections, images


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


_pointed, _undo = corrections.alias(), corrections.alias()
_pointed_hash = select(_pointed.c.hash).where(_pointed.c.id == images.c.correction).correlate(images)
#: The content that a row shows: of its last answer or, until it is read again, of the correction that stands.
_HASH = func.coalesce(images.c.hash, _pointed_hash.scalar_subquery())


def _of_newest(column: Column[Any]) -> ColumnElement[Any]:
    """Give a column of the newest correction of a row and its content that is not taken back."""
    here = (corrections.c.image_id == images.c.id, corrections.c.hash == _HASH, corrections.c.said != Said.UNDO)
    undone = select(_undo.c.id).where(_undo.c.undoes == corrections.c.id).exists()
    newest = select(column).where(*here, ~undone).order_by(corrections.c.id.desc()).limit(1)
    return newest.correlate(images).scalar_subquery()


#: Lets the newest correction of each of the rows `ids` stand.
STAND = (
    update(images)
    .where(one_of(images.c.id, "ids"), select(corrections.c.id).where(corrections.c.image_id == images.c.id).exists())
    .values(correction=_of_newest(corrections.c.id), person_reading=_of_newest(corrections.c.reading))
)
_MACHINE = ("status", "reading", "written", "confidence", "model_version")
_ROW = select(_HASH.label("content"), *(images.c[name] for name in ("correction", *_MACHINE)))


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


def _locked(connection: Connection, image_id: int) -> Row[Any] | None:
    """Give a row of `images` that nobody else changes until the transaction ends."""
    here = images.c.id == image_id
    connection.execute(select(images.c.id).where(here).with_for_update())
    # Only a second statement sees the corrections that came while the first one waited.
    return connection.execute(_ROW.where(here)).one_or_none()


def _add(connection: Connection, image_id: int, row: Row[Any], given: Correction, *, undoes: int | None = None) -> None:
    new = {
        "image_id": image_id, "hash": row.content, "position": given.position, "said": given.said,
        "reading": given.reading, "written": given.written, "person": given.person, "audit": int(given.audit),
        "undoes": undoes, "machine_status": row.status, "machine_reading": row.reading, "machine_written": row.written,
        "machine_confidence": row.confidence, "machine_model": row.model_version,
    }  # fmt: skip
    connection.execute(insert(corrections).values(said_ms=NOW, **new))
    connection.execute(STAND, {"ids": json.dumps([image_id])})
