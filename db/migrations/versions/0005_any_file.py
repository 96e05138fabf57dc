"""Take any path on PostgreSQL, count the files that the ledger can't hold, and forget answers that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: A B-tree of PostgreSQL takes entries of at most 2,704 bytes, and a path may have 4,095. Backslashes are doubled, as
#: `decode` takes them for the begin of a code.
DIGESTS = ", ".join(rf"sha256(decode(replace({column}, '\', '\\'), 'escape'))" for column in ("folder", "path"))


def upgrade() -> None:
    """Replace the index, add the table, delete the digits; takes seconds for a million rows."""
    op.create_table(
        "unregistered",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":  # SQLite's indexes take entries of any length
        op.drop_constraint("uq_images_folder_path", "images")
        op.execute(f"CREATE UNIQUE INDEX uq_images_folder_path ON images ({DIGESTS})")
        op.execute("CREATE INDEX ix_images_path ON images USING hash (path)")

    op.execute("DELETE FROM digits WHERE image_id IN (SELECT id FROM images WHERE status IN ('queued', 'failed'))")
    op.execute("UPDATE images SET hash = NULL, dark_on_light = NULL WHERE status = 'queued'")


def downgrade() -> None:
    """Put the old index back; fails if a path is too long for it."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_images_path", "images")
        op.drop_index("uq_images_folder_path", "images")
        op.create_unique_constraint("uq_images_folder_path", "images", ["folder", "path"])
    op.drop_table("unregistered")
