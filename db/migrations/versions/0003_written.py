"""Store each number as written, with its signs, beside its digits."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: `recognized_at` in each database's own way, as the first migration has it.
RECOGNIZED_AT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', recognized_ms / 1000.0, 'unixepoch')",
    "postgresql": "to_timestamp(recognized_ms / 1000.0)",
}


def upgrade() -> None:
    """Add the column to the table and at the end of the view; takes seconds for a million rows."""
    op.add_column("images", sa.Column("written", sa.Text))
    op.execute("UPDATE images SET written = reading WHERE reading IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":  # a replaced view keeps its grants and the views built on it
        op.execute(f"CREATE OR REPLACE {_view(', written')}")
    else:
        op.execute("DROP VIEW results")
        op.execute(f"CREATE {_view(', written')}")


def downgrade() -> None:
    """Take the column away."""
    op.execute("DROP VIEW results")
    op.execute(f"CREATE {_view()}")
    op.drop_column("images", "written")


def _view(added: str = "") -> str:
    return (
        "VIEW results AS SELECT path, reading, confidence, status, reason, model_version, "  # noqa: S608 - no input
        f"{RECOGNIZED_AT[op.get_bind().dialect.name]} AS recognized_at{added} FROM images"
    )
