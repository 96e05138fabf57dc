"""Keep what people say about pictures beside what the machine said, and show it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SAID = "'reading', 'no digit', 'can''t be read', 'undo'"
#: What the results show of each file. An index needs them in the table itself.
SHOWN = {
    "shown_status": (
        sa.Text,
        "CASE WHEN correction IS NULL THEN status WHEN person_reading IS NULL THEN 'rejected' ELSE 'accepted' END",
    ),
    "shown_reading": (sa.Text, "CASE WHEN correction IS NULL THEN reading ELSE person_reading END"),
    "shown_confidence": (
        sa.Float,
        "CASE WHEN correction IS NULL THEN confidence WHEN person_reading IS NULL THEN NULL ELSE 1.0 END",
    ),
}
CORRECTED = sa.text("correction IS NOT NULL")
#: A queued row has no time, and comes last when the index is read backwards. PostgreSQL must be told so.
RECOGNIZED = {"sqlite": "recognized_ms", "postgresql": "recognized_ms NULLS FIRST"}
#: `recognized_at` in each database's own way, as the first migration has it.
RECOGNIZED_AT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', recognized_ms / 1000.0, 'unixepoch')",
    "postgresql": "to_timestamp(recognized_ms / 1000.0)",
}


def upgrade() -> None:
    """Make the table, the columns, their indexes and the view; takes seconds for a million rows."""
    _make_corrections()
    op.add_column("images", sa.Column("correction", sa.BigInteger))
    op.add_column("images", sa.Column("person_reading", sa.Text))
    stored = op.get_bind().dialect.name == "postgresql"  # which indexes no other; SQLite adds no stored one to a table
    for name, (kind, value) in SHOWN.items():
        op.add_column("images", sa.Column(name, kind, sa.Computed(value, persisted=stored)))
    _replace_indexes("shown_status", "shown_confidence", "shown_reading")
    op.create_index("ix_images_corrected", "images", _latest(), sqlite_where=CORRECTED, postgresql_where=CORRECTED)
    _replace_view(_shown(), keep=True)


def _make_corrections() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "corrections",
        sa.Column("id", row_id, primary_key=True),
        sa.Column("image_id", row_id, sa.ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("position", sa.SmallInteger),
        sa.Column("machine_status", sa.Text, nullable=False),
        sa.Column("machine_reading", sa.Text),
        sa.Column("machine_written", sa.Text),
        sa.Column("machine_confidence", sa.Float),
        sa.Column("machine_model", sa.Integer),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("reading", sa.Text),
        sa.Column("written", sa.Text),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("said_ms", sa.BigInteger, nullable=False),
        sa.Column("audit", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("undoes", sa.BigInteger),
        sa.CheckConstraint(f"said IN ({SAID})", name="ck_corrections_said"),
    )
    op.create_index("ix_corrections_image", "corrections", ["image_id"])
    op.create_index("ix_corrections_hash", "corrections", ["hash", "id"])
    op.create_index("ix_corrections_undoes", "corrections", ["undoes"])


def _latest() -> list[str | sa.TextClause]:
    return [sa.text(RECOGNIZED[op.get_bind().dialect.name]), "id"]


def _replace_indexes(status: str, confidence: str, reading: str) -> None:
    latest = [*_latest(), confidence, reading]
    for name, columns in {"ix_images_recognized": latest, "ix_images_status": [status, *latest]}.items():
        op.drop_index(name, "images")
        op.create_index(name, "images", columns)


def _shown() -> str:
    return (
        "SELECT images.path, shown_reading AS reading, shown_confidence AS confidence, shown_status AS status, "  # noqa: S608 - no input
        "CASE WHEN said IS NULL THEN reason WHEN said = 'reading' THEN 'says ' || person "
        "ELSE said || ', says ' || person END AS reason, "
        f"model_version, {RECOGNIZED_AT[op.get_bind().dialect.name]} AS recognized_at, "
        "CASE WHEN said IS NULL THEN images.written ELSE corrections.written END AS written, folder, images.id, "
        "CASE WHEN said IS NULL THEN 'machine' ELSE 'person' END AS source "
        "FROM images LEFT JOIN corrections ON corrections.id = correction"
    )


def _replace_view(query: str, *, keep: bool) -> None:
    # On PostgreSQL a replaced view keeps its grants and the views built on it.
    if keep and op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE OR REPLACE VIEW results AS {query}")
    else:
        op.execute("DROP VIEW results")
        op.execute(f"CREATE VIEW results AS {query}")


def downgrade() -> None:
    """Drop all of it; what people said is lost."""
    _replace_view(
        "SELECT path, reading, confidence, status, reason, model_version, "  # noqa: S608 - no input
        f"{RECOGNIZED_AT[op.get_bind().dialect.name]} AS recognized_at, written, folder, id FROM images",
        keep=False,
    )
    op.drop_index("ix_images_corrected", "images")
    _replace_indexes("status", "confidence", "reading")
    for name in (*SHOWN, "person_reading", "correction"):
        op.drop_column("images", name)
    op.drop_table("corrections")
