"""Give no row's id a second time on SQLite, also after the newest rows were forgotten."""

from alembic import op

revision = "0008"
down_revision = "0007"

#: Without AUTOINCREMENT a new row's id is the largest one there plus one. PostgreSQL's sequence gives each id once.
KEYS = ("PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)")


def upgrade() -> None:
    """Rebuild the table, which SQLite can't alter in place; takes some seconds for a million rows."""
    _rebuild(*KEYS)


def downgrade() -> None:
    """Rebuild it as it was."""
    _rebuild(*reversed(KEYS))


def _rebuild(old: str, new: str) -> None:
    """Copy the table into one of the new definition, as sqlite.org/lang_altertable.html tells in its section 7."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    run = connection.exec_driver_sql
    definition = run("SELECT sql FROM sqlite_master WHERE name = 'images'").scalar_one()
    # The indexes and triggers go with the table, and those of the user are among them. Constraints have no text here.
    found = run("SELECT sql FROM sqlite_master WHERE tbl_name = 'images' AND type != 'table' AND sql IS NOT NULL")
    dropped = found.scalars().all()
    run(definition.replace("images", "rebuilt", 1).replace(old, new))
    run("INSERT INTO rebuilt SELECT * FROM images")
    run("DROP TABLE images")
    run("PRAGMA legacy_alter_table = ON")  # else views and digits, which name the table, would stand in the way
    run("ALTER TABLE rebuilt RENAME TO images")
    run("PRAGMA legacy_alter_table = OFF")
    for statement in dropped:
        run(statement)
