"""Open the ledger's database so that many processes can write it without losing a row."""

import importlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.errors import DatabaseUnavailable, LedgerError, LedgerGone, ValueRefused
from db.sqlite_file import GONE, follow_file, is_file, is_read_only, make_private
from db.statements import Statements
from urls import hide_password

# Imported here, before TensorFlow can be: TensorFlow brings an old SQLite (2.21 has 3.50.3), and a driver that is
# imported after it is linked to that one.
try:
    _driver = importlib.import_module("pysqlite3")
except ImportError:
    _driver = sqlite3

#: Seconds a writer waits for the others. A chunk's transaction takes some 10 ms, so no healthy queue takes as long.
BUSY_SECONDS = 30
#: SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when the log is reset at the wrong moment.
FIRST_SAFE_WAL = (3, 51, 3)
#: A deferred transaction of SQLite fails at once if it begins to write after another one wrote.
_BEGIN_WRITING = "BEGIN IMMEDIATE"

#: Seconds after which a database server counts as out of reach, and the other end of a silent connection as gone. The
#: server gets the same limits. By default it keeps a lost host's row locks for two hours (tcp_keepalives_idle).
CONNECT_SECONDS, SILENT_SECONDS, PROBE_SECONDS, PROBES = 10, 20, 10, 3
#: Both ends probe a silent connection. One with unconfirmed data is not probed, and needs this limit of its own.
_UNCONFIRMED_MS = 1000 * (SILENT_SECONDS + PROBES * PROBE_SECONDS)
_SERVER_OPTIONS: dict[str, str | int] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": SILENT_SECONDS,
    "keepalives_interval": PROBE_SECONDS,
    "keepalives_count": PROBES,
    "tcp_user_timeout": _UNCONFIRMED_MS,
    "client_encoding": "utf8",  # any name reaches the server, which refuses the one that it can't hold
    "options": f"-c tcp_keepalives_idle={SILENT_SECONDS} -c tcp_keepalives_interval={PROBE_SECONDS}"
    f" -c tcp_keepalives_count={PROBES} -c tcp_user_timeout={_UNCONFIRMED_MS}",
}

#: The driver's errors about a value. All others are about the database: out of reach, full, locked, without its tables.
_ABOUT_A_VALUE = ("DataError", "IntegrityError")
#: PostgreSQL's class of errors for a value that is too large for it, such as an entry of an index.
_TOO_LARGE = "54"


class Database:
    """The ledger's connections: `writing()`, `migrating()`, `reading()` and `direct()` are the only ways in."""

    def __init__(self, url: str) -> None:
        """Prepare, and connect to nothing. Raises DatabaseUnavailable for a URL that can't be understood."""
        self._shown = hide_password(url)
        try:
            self.url = make_url(url)
            self.engine = (
                _sqlite_engine(self.url) if self.url.get_backend_name() == "sqlite" else _server_engine(self.url)
            )
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            raise DatabaseUnavailable(f"the database URL {self._shown!r} can't be used: {_cause(error)}") from error
        self._driver: Any = self.engine.dialect.loaded_dbapi
        self._begins_itself = self.url.get_backend_name() == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write. It commits at the end, and rolls back on an error."""
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Open a transaction as `writing` does, in which SQLite lets a table be rebuilt that others refer to.

        With foreign keys in force, dropping the old table would delete the rows that refer to it.
        """
        with self._translated(), self.engine.connect() as connection:
            if self._begins_itself:
                connection.detach()  # closed at the end, so that no other transaction gets it
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads. No writer waits for it."""
        with self._translated(), self.engine.connect().execution_options(read_only=True) as connection:
            yield connection

    @contextmanager
    def direct(self, *, writes: bool = True) -> Iterator[Statements]:
        """Open a transaction for the busiest statements: they go to the driver, past SQLAlchemy."""
        with self._translated():
            connection = self.engine.raw_connection()
            try:
                cursor = connection.cursor()
                if self._begins_itself:
                    cursor.execute(_BEGIN_WRITING if writes else "BEGIN")
                yield Statements(cursor, self.engine.dialect)
                connection.commit()
            except self._driver.Error as error:
                if self.engine.dialect.is_disconnect(error, connection.dbapi_connection, None):
                    connection.invalidate(error)
                raise
            finally:
                connection.close()  # the pool rolls back what was not committed

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._named(error.orig) from error
        except (self._driver.Error, PoolTimeout, OverflowError, UnicodeEncodeError) as error:
            raise self._named(error) from error

    def _named(self, error: BaseException | None) -> LedgerError:
        """Give an error of the driver as one of ours. The last two kinds are a driver's for what it can't hand over."""
        about_a_value = (*(getattr(self._driver, name) for name in _ABOUT_A_VALUE), OverflowError, UnicodeEncodeError)
        code = getattr(error, "sqlstate", None) or ""
        if isinstance(error, about_a_value) or code.startswith(_TOO_LARGE):
            return ValueRefused(f"the database can't hold it: {_first_line(error)}")
        kind = LedgerGone if self._begins_itself and str(error) == GONE else DatabaseUnavailable
        return kind(f"the database {self._shown} can't be used: {_first_line(error)}")

    def prepare_folder(self) -> None:
        """Make a SQLite file and its folder, for this user alone. Safe to call twice; raises DatabaseUnavailable."""
        if not self._begins_itself or not is_file(self.url.database):
            return
        try:
            make_private(Path(self.url.database or ""))
        except OSError as error:
            raise DatabaseUnavailable(
                f"the database's file {self.url.database} can't be made: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Close all connections. Safe to call twice."""
        self.engine.dispose()


def _server_engine(url: URL) -> Engine:
    """Open PostgreSQL, with our options, as limits for a network that is cut. Those in the URL take precedence."""
    if "@" in (url.host or ""):
        raise ValueError("special characters in its password must be percent-encoded, @ as %40")
    options = {name: value for name, value in _SERVER_OPTIONS.items() if name not in url.query}
    return create_engine(
        url,
        pool_pre_ping=True,
        paramstyle="format",  # values by position, as SQLite takes them
        connect_args=options if url.get_driver_name() == "psycopg" else {},
    )


def _sqlite_engine(url: URL) -> Engine:
    driver = _sqlite_driver()
    engine = create_engine(
        url, module=driver, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
    )
    journal = "WAL" if driver.sqlite_version_info >= FIRST_SAFE_WAL else "DELETE"

    if is_file(url.database):
        follow_file(engine, str(url.database), driver)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - either of two driver modules
        cursor = connection.cursor()
        _set_journal(cursor, journal, driver)
        # In WAL mode a power cut can undo the last commits. It damages nothing, and a rescan finds those files again.
        cursor.execute(f"PRAGMA synchronous = {'NORMAL' if journal == 'WAL' else 'FULL'}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else _BEGIN_WRITING)

    return engine


def _set_journal(cursor: Any, journal: str, driver: ModuleType) -> None:  # noqa: ANN401 - likewise
    """Set a new file's journal. SQLite does not wait for other processes here, so this does."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute(f"PRAGMA journal_mode = {journal}")
        except driver.OperationalError as error:
            if is_read_only(error):
                return
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _sqlite_driver() -> ModuleType:
    """Give the wheel's SQLite, or Python's own where there is no wheel."""
    return _driver


def _cause(error: BaseException) -> str:
    """Say why a URL can't be used, with the way out where a driver is missing."""
    if isinstance(error, ImportError) and error.name in ("psycopg", "psycopg_binary"):
        return "PostgreSQL's driver is not installed: run `pip install 'psycopg[binary]'` in this environment"
    return _first_line(error)


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
