"""Count the crashes of a file apart from the attempts to read it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; takes no time for a million rows."""
    op.add_column("images", sa.Column("crashes", sa.SmallInteger, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("images", "crashes")
