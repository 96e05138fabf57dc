"""Index size and time of the files, so that one that moved is found."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index; takes seconds for a million rows."""
    op.create_index("ix_images_moved", "images", ["size", "mtime_ns"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_images_moved", "images")
