"""Take any path on PostgreSQL, count the files that the ledger can't hold, number the answers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: A B-tree of PostgreSQL takes entries of at most 2,704 bytes, and a path may have 4,095. Backslashes are doubled, as
#: `decode` takes them for the begin of a code.
DIGESTS = ", ".join(rf"sha256(decode(replace({column}, '\', '\\'), 'escape'))" for column in ("folder", "path"))


def upgrade() -> None:
    """Add what is new and delete the digits left over; takes seconds for a million rows."""
    _make_unregistered()
    _number_answers()
    if _on_postgresql():  # SQLite's indexes take entries of any length
        op.drop_constraint("uq_images_folder_path", "images")
        op.execute(f"CREATE UNIQUE INDEX uq_images_folder_path ON images ({DIGESTS})")
        op.execute("CREATE INDEX ix_images_path ON images USING hash (path)")
    op.execute("DELETE FROM digits WHERE image_id IN (SELECT id FROM images WHERE status IN ('queued', 'failed'))")
    op.execute("UPDATE images SET hash = NULL, dark_on_light = NULL WHERE status = 'queued'")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _make_unregistered() -> None:
    op.create_table(
        "unregistered",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _number_answers() -> None:
    op.add_column("images", sa.Column("answer", sa.BigInteger))
    op.create_index("ix_images_answer", "images", ["answer"])
    if _on_postgresql():  # no transaction waits for another one's number
        op.execute("CREATE SEQUENCE answers")
    else:
        op.create_table("answers", sa.Column("last", sa.BigInteger, nullable=False))
        op.execute("INSERT INTO answers VALUES (0)")


def downgrade() -> None:
    """Put the old index back; fails if a path is too long for it."""
    if _on_postgresql():
        op.drop_index("ix_images_path", "images")
        op.drop_index("uq_images_folder_path", "images")
        op.create_unique_constraint("uq_images_folder_path", "images", ["folder", "path"])
        op.execute("DROP SEQUENCE answers")
    else:
        op.drop_table("answers")
    op.drop_index("ix_images_answer", "images")
    op.drop_column("images", "answer")
    op.drop_table("unregistered")
