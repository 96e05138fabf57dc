"""Run the busiest statements: their text is built once, and their values go to the driver unchanged.

SQLAlchemy processes each statement and each value anew, which takes longer than the database.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Dialect
from sqlalchemy.sql.elements import ClauseElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class Statements:
    """Runs statements on one cursor of the driver's, in its transaction."""

    def __init__(self, cursor: Any, dialect: Dialect) -> None:  # noqa: ANN401 - either driver's
        self._cursor = cursor
        self._dialect = dialect

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        return self._dialect.name

    def run(self, statement: ClauseElement, values: Mapping[str, Any]) -> None:
        """Run a statement that returns nothing."""
        compiled = _compiled(statement, self._dialect)
        named = {**compiled.params, **values}
        self._cursor.execute(str(compiled), [named[name] for name in compiled.positiontup or ()])

    def fetch(self, statement: ClauseElement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows."""
        self.run(statement, values)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def run_each(self, statement: ClauseElement, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement once for each row: its values, in the statement's order."""
        self._cursor.executemany(str(_compiled(statement, self._dialect)), rows)


@lru_cache
def _compiled(statement: ClauseElement, dialect: Dialect) -> "SQLCompiler":
    return cast("SQLCompiler", statement.compile(dialect=dialect))
