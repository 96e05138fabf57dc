"""Know each file by its device, inode and last change, so that one that was moved, swapped or touched is found."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COLUMNS = ("ctime_ns", "device", "inode")


def upgrade() -> None:
    """Add the columns, and the inode to the index of moved files; takes seconds for a million rows."""
    for name in COLUMNS:
        op.add_column("images", sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.drop_index("ix_images_moved", "images")
    op.create_index("ix_images_moved", "images", ["size", "mtime_ns", "inode"])


def downgrade() -> None:
    """Put the old index back and drop the columns."""
    op.drop_index("ix_images_moved", "images")
    op.create_index("ix_images_moved", "images", ["size", "mtime_ns"])
    for name in COLUMNS:
        op.drop_column("images", name)
