"""Keep to the SQLite file at a path: open it as far as this user may, and open it anew when another one lies there."""

import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

GONE = "its file is gone (`digits run` or `digits migrate` makes a new one)"

_log = logging.getLogger(__name__)


def is_file(name: str | None) -> bool:
    """Whether a SQLite URL's database is a plain file, and neither in memory nor a URI."""
    return bool(name) and name != ":memory:" and not str(name).startswith("file:")


def make_private(path: Path) -> None:
    """Make an empty file that only this user may open, with its folder. Leaves what is there as it is.

    SQLite gives the files beside it the same mode. Raises OSError.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def follow_file(engine: Engine, path: str, driver: ModuleType) -> None:
    """Let an engine connect to the file at `path` and to no other, and never make one."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, record: Any, _arguments: Sequence[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - the driver's
        try:
            os.stat(path)
        except FileNotFoundError as error:
            raise driver.OperationalError(GONE) from error
        except OSError:
            return None  # SQLite says why
        if _may_write(path):
            return None
        # Without the log there is nothing to wait for, and this user could not make the files that waiting takes.
        access = "mode=ro" if os.path.exists(f"{path}-wal") else "immutable=1"
        record.info["once"] = access == "immutable=1"  # such a connection never sees what others write later
        return driver.connect(f"file:{quote(os.path.abspath(path))}?{access}", uri=True, **options)

    @event.listens_for(engine, "connect")
    def note(_connection: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's record of a connection
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def compare(_connection: object, record: Any, _proxy: object) -> None:  # noqa: ANN401 - likewise
        if record.info.get("once") and record.info.get("used"):
            raise DisconnectionError
        record.info["used"] = True
        if _identity(path) != record.info.get("file"):
            _log.warning("the ledger's file %s was removed or replaced: it is opened anew", path)
            raise DisconnectionError


def is_read_only(error: sqlite3.Error) -> bool:
    """Whether a driver's error only tells that this user may not write."""
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _may_write(path: str) -> bool:
    effective = os.access in os.supports_effective_ids
    folder = os.path.dirname(os.path.abspath(path))
    writable = os.access(path, os.W_OK, effective_ids=effective)
    return writable and (os.access(folder, os.W_OK, effective_ids=effective) or os.path.exists(f"{path}-wal"))
