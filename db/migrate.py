"""Migrate a database to this version's tables."""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import inspect, text

from db.engine import Database
from db.errors import DatabaseUnavailable, LedgerTooNew, NotMigrated

#: The newest migration. A test compares it with the migrations folder.
HEAD = "0010"
_EARLIER = [f"{number:04}" for number in range(1, int(HEAD))]
#: The key of the lock that admits one migration at a time on PostgreSQL; any number that nobody else uses.
_ADVISORY_LOCK = 5_710_220_431


def migrate(database: Database) -> None:
    """Make or update the tables. Commits. Safe to call twice, and from several processes at once.

    Raises DatabaseUnavailable, or LedgerTooNew, which changes nothing.
    """
    with suppress(NotMigrated):
        require_migrated(database)
        return
    from alembic import command  # noqa: PLC0415 - only a new or old ledger pays for its import
    from alembic.config import Config  # noqa: PLC0415 - likewise

    database.prepare_folder()
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.migrating() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_migrated(database: Database) -> None:
    """Raise NotMigrated or LedgerTooNew unless the database has exactly this version's tables. Read-only."""
    if database.url.get_backend_name() == "sqlite" and _is_missing(Path(database.url.database or "")):
        raise NotMigrated(f"there is no ledger at {database.url.database} yet: start with `digits run`")
    with database.reading() as connection:
        tables = inspect(connection).get_table_names()
        version = (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if "alembic_version" in tables
            else None
        )
    if version == HEAD:
        return
    if version is None or version in _EARLIER:
        raise NotMigrated(f"the ledger's tables are of version {version}, not {HEAD}: run `digits migrate`")
    raise LedgerTooNew(
        f"the ledger's tables are of version {version}, and this program knows none after {HEAD}: upgrade Digit Inbox"
    )


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise DatabaseUnavailable(f"the ledger {path} can't be opened: {error.strerror}") from error
    return False
