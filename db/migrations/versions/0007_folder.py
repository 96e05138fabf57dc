"""Show each row's folder and number in the view."""

from alembic import op

revision = "0007"
down_revision = "0006"

#: `recognized_at` in each database's own way, as the first migration has it.
RECOGNIZED_AT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', recognized_ms / 1000.0, 'unixepoch')",
    "postgresql": "to_timestamp(recognized_ms / 1000.0)",
}


def upgrade() -> None:
    """Add the columns at the end of the view; takes no time for a million rows."""
    if op.get_bind().dialect.name == "postgresql":  # a replaced view keeps its grants and the views built on it
        op.execute(f"CREATE OR REPLACE {_view(', folder, id')}")
    else:
        op.execute("DROP VIEW results")
        op.execute(f"CREATE {_view(', folder, id')}")


def downgrade() -> None:
    """Take the columns out of the view."""
    op.execute("DROP VIEW results")
    op.execute(f"CREATE {_view()}")


def _view(added: str = "") -> str:
    return (
        "VIEW results AS SELECT path, reading, confidence, status, reason, model_version, "  # noqa: S608 - no input
        f"{RECOGNIZED_AT[op.get_bind().dialect.name]} AS recognized_at, written{added} FROM images"
    )
