"""The ledger's tables, as the migrations make them."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from db.clock import NOW


class Status(StrEnum):
    """The status of a file. All but `queued` are final until its content changes."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REVIEW = "review"
    REJECTED = "rejected"
    FAILED = "failed"


class Source(StrEnum):
    """Who says what a file reads: the model, or a person."""

    MACHINE = "machine"
    PERSON = "person"


class Said(StrEnum):
    """What a person says about a picture."""

    READING = "reading"
    NO_DIGIT = "no digit"
    UNREADABLE = "can't be read"
    UNDO = "undo"  # takes an earlier one back


metadata = MetaData()

#: SQLite numbers rows itself only for a plain INTEGER key.
_RowId = BigInteger().with_variant(Integer, "sqlite")
_STATUSES = ", ".join(f"'{status}'" for status in Status)
_SAID = ", ".join("'{}'".format(said.replace("'", "''")) for said in Said)

images = Table(
    "images",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("folder", Text, nullable=False),  # the watched folder, as db.paths names it
    Column("path", Text, nullable=False),  # relative to folder, see db.paths
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),  # claims that were not released
    Column("claim", Text),  # the message that reads it now
    Column("claimed_ms", BigInteger),
    Column("hash", Text),
    Column("reason", Text),
    Column("reading", Text),
    Column("confidence", Float),
    Column("model_version", Integer),
    Column("dark_on_light", SmallInteger),
    Column("first_seen_ms", BigInteger, nullable=False),  # with this content; for a requeued row, when it was requeued
    Column("recognized_ms", BigInteger),
    Column("written", Text),  # the reading with its signs, and a space between numbers
    Column("crashes", SmallInteger, nullable=False, server_default=text("0")),  # reading processes that died of it
    Column("answer", BigInteger),  # number of the last answer, which a later change of the row leaves
    # of the file when it was looked at last; 0 is unknown, as in rows of earlier versions
    Column("ctime_ns", BigInteger, nullable=False, server_default=text("0")),
    Column("device", BigInteger, nullable=False, server_default=text("0")),
    Column("inode", BigInteger, nullable=False, server_default=text("0")),
    Column("correction", BigInteger),  # the row of `corrections` that stands
    Column("person_reading", Text),  # its reading
    # What is shown. An index needs it here. On PostgreSQL the migration stores it, as no other can be indexed there.
    Column(
        "shown_status",
        Text,
        Computed(
            "CASE WHEN correction IS NULL THEN status WHEN person_reading IS NULL THEN 'rejected' ELSE 'accepted' END"
        ),
    ),
    Column("shown_reading", Text, Computed("CASE WHEN correction IS NULL THEN reading ELSE person_reading END")),
    Column(
        "shown_confidence",
        Float,
        Computed("CASE WHEN correction IS NULL THEN confidence WHEN person_reading IS NULL THEN NULL ELSE 1.0 END"),
    ),
    UniqueConstraint("folder", "path", name="uq_images_folder_path"),  # on PostgreSQL an index on IDENTITY
    CheckConstraint(f"status IN ({_STATUSES})", name="ck_images_status"),
    Index("ix_images_answer", "answer"),
    Index("ix_images_moved", "size", "mtime_ns", "inode"),
    # On PostgreSQL the migration makes it partial too. Stated here, every start would import that dialect.
    Index("ix_images_queued", "status", "first_seen_ms", sqlite_where=text("status = 'queued'")),
    sqlite_autoincrement=True,  # no id is given twice, also after the newest rows were forgotten
)
#: What tells files apart, by database. An index of PostgreSQL has no room for a long path.
IDENTITY: dict[str, list[ColumnElement[Any]]] = {
    "sqlite": [images.c.folder, images.c.path],
    "postgresql": [
        literal_column(rf"sha256(decode(replace({name}, '\', '\\'), 'escape'))") for name in ("folder", "path")
    ],
}
#: The order of `queries.results`, read backwards, and then the columns of its filters: they need no look at the row.
_LATEST = (images.c.recognized_ms.nulls_first(), images.c.id, images.c.shown_confidence, images.c.shown_reading)
Index("ix_images_recognized", *_LATEST)
Index("ix_images_status", images.c.shown_status, *_LATEST)
Index("ix_images_corrected", *_LATEST[:2], sqlite_where=images.c.correction.is_not(None))  # partial on PostgreSQL too

#: The last number given to answers. It rises with each transaction that answers, also when the clock is set back.
#: PostgreSQL has a sequence of this name instead: nobody waits for it.
answers = Table("answers", metadata, Column("last", BigInteger, nullable=False))
NEXT_ANSWER: dict[str, ReturningUpdate[Any] | Select[Any]] = {
    "sqlite": update(answers).values(last=answers.c.last + 1).returning(answers.c.last, NOW),
    "postgresql": select(func.nextval("answers"), NOW),
}

#: The files that the ledger can't hold: their number in each watched folder, and why the last one was refused.
unregistered = Table(
    "unregistered",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)

digits = Table(
    "digits",
    metadata,
    Column("image_id", _RowId, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("label", SmallInteger, nullable=False),
    Column("confidence", Float, nullable=False),
    *(Column(name, Integer, nullable=False) for name in ("box_left", "box_top", "box_width", "box_height")),
    *(Column(f"p{label}", Float, nullable=False) for label in range(10)),
    sqlite_with_rowid=False,
)

#: What people said, each time a row; none is ever changed. See db.corrections.
corrections = Table(
    "corrections",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("image_id", _RowId, ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
    Column("hash", Text, nullable=False),  # of the content that the person saw
    Column("position", SmallInteger),  # the digit that was corrected; null for the whole reading
    Column("machine_status", Text, nullable=False),
    Column("machine_reading", Text),
    Column("machine_written", Text),
    Column("machine_confidence", Float),
    Column("machine_model", Integer),
    Column("said", Text, nullable=False),
    Column("reading", Text),  # the digits of the whole reading, as the person has it
    Column("written", Text),  # the same with its signs
    Column("person", Text, nullable=False),
    Column("said_ms", BigInteger, nullable=False),
    Column("audit", SmallInteger, nullable=False, server_default=text("0")),  # 1: without sight of the machine's answer
    Column("undoes", BigInteger),  # the row that this one takes back
    CheckConstraint(f"said IN ({_SAID})", name="ck_corrections_said"),
    Index("ix_corrections_image", "image_id"),
    Index("ix_corrections_hash", "hash", "id"),
    Index("ix_corrections_undoes", "undoes"),
)
