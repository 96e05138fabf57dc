"""Make the ledger: images, digits, and the `results` view."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

STATUSES = "'queued', 'accepted', 'review', 'rejected', 'failed'"

#: `recognized_at` in each database's own way: text like 2026-11-22T16:04:05.123Z, or a timestamp with time zone.
RECOGNIZED_AT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', recognized_ms / 1000.0, 'unixepoch')",
    "postgresql": "to_timestamp(recognized_ms / 1000.0)",
}


def upgrade() -> None:
    """Make the tables and the view."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    _make_images(row_id)
    _make_digits(row_id)
    op.execute(
        "CREATE VIEW results AS SELECT path, reading, confidence, status, reason, model_version, "  # noqa: S608 - no input
        f"{RECOGNIZED_AT[op.get_bind().dialect.name]} AS recognized_at FROM images"
    )


def _make_images(row_id: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "images",
        sa.Column("id", row_id, primary_key=True),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("claim", sa.Text),
        sa.Column("claimed_ms", sa.BigInteger),
        sa.Column("hash", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("reading", sa.Text),
        sa.Column("confidence", sa.Float),
        sa.Column("model_version", sa.Integer),
        sa.Column("dark_on_light", sa.SmallInteger),
        sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
        sa.Column("recognized_ms", sa.BigInteger),
        sa.UniqueConstraint("folder", "path", name="uq_images_folder_path"),
        sa.CheckConstraint(f"status IN ({STATUSES})", name="ck_images_status"),
    )
    queued = sa.text("status = 'queued'")
    op.create_index("ix_images_queued", "images", ["id"], sqlite_where=queued, postgresql_where=queued)
    op.create_index("ix_images_recognized", "images", ["recognized_ms"])


def _make_digits(row_id: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "digits",
        sa.Column("image_id", row_id, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.SmallInteger, primary_key=True),
        sa.Column("label", sa.SmallInteger, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("box_left", "box_top", "box_width", "box_height")),
        *(sa.Column(f"p{label}", sa.Float, nullable=False) for label in range(10)),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove everything."""
    op.execute("DROP VIEW results")
    op.drop_table("digits")
    op.drop_table("images")
