"""The database's clock: the one clock that all hosts of a ledger share."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles


class Now(ColumnElement[int]):
    """The database's time in milliseconds since 1970, as an expression; the same within a statement."""

    inherit_cache = True
    # It has no parts. Unless told so, SQLAlchemy compiles a statement with it each time.
    _traverse_internals: list[Any] = []  # noqa: RUF012 - as SQLAlchemy declares it
    type = BigInteger()


@compiles(Now, "sqlite")
def _sqlite(_element: Now, _compiler: Any, **_: Any) -> str:  # noqa: ANN401 - as SQLAlchemy hands it over
    # A Julian day has 86,400,000 ms, and 1970 began on day 2,440,587.5. `unixepoch('subsec')` needs SQLite 3.42.
    return "(CAST(ROUND(julianday('now') * 86400000) AS INTEGER) - 210866760000000)"


@compiles(Now, "postgresql")
def _postgresql(_element: Now, _compiler: Any, **_: Any) -> str:  # noqa: ANN401 - likewise
    return "CAST(floor(extract(epoch FROM statement_timestamp()) * 1000) AS BIGINT)"


NOW = Now()
