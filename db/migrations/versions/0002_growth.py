"""Let a ledger of a million rows answer at once: indexes for its count, its latest answers and its oldest wait."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

QUEUED = sa.text("status = 'queued'")
#: What waits has no time and comes last when the index is read backwards: SQLite's only way, and not PostgreSQL's own.
RECOGNIZED = {"sqlite": "recognized_ms", "postgresql": "recognized_ms NULLS FIRST"}


def upgrade() -> None:
    """Replace the indexes; takes seconds for a million rows."""
    recognized = sa.text(RECOGNIZED[op.get_bind().dialect.name])
    # Behind the order stands what filters test, so that they need no look at the row.
    latest: list[str | sa.TextClause] = [recognized, "id", "confidence", "reading"]
    op.drop_index("ix_images_queued", "images")
    op.drop_index("ix_images_recognized", "images")
    waiting = ["status", "first_seen_ms"]  # SQLite passes over the index if it does not begin with the status
    op.create_index("ix_images_queued", "images", waiting, sqlite_where=QUEUED, postgresql_where=QUEUED)
    op.create_index("ix_images_recognized", "images", latest)
    op.create_index("ix_images_status", "images", ["status", *latest])


def downgrade() -> None:
    """Put the old indexes back."""
    for name in ("ix_images_status", "ix_images_recognized", "ix_images_queued"):
        op.drop_index(name, "images")
    op.create_index("ix_images_queued", "images", ["id"], sqlite_where=QUEUED, postgresql_where=QUEUED)
    op.create_index("ix_images_recognized", "images", ["recognized_ms"])
