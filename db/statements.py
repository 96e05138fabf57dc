"""Run the busiest statements: their text is built once, and their values go to the driver unchanged.

SQLAlchemy processes each statement and each value anew, which takes longer than the database. A statement here binds
plain values, and at most one list.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import BindParameter, Dialect, bindparam
from sqlalchemy.sql.elements import ClauseElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

#: The parameter for the list of a statement: `column.in_(LISTED)`.
LISTED: BindParameter[Any] = bindparam("listed", expanding=True)
#: Number of texts kept: some twelve statements, for lists of the usual lengths.
_TEXTS = 64

_Values = Mapping[str, Any]


class Statements:
    """Runs statements on one cursor of the driver's, in its transaction."""

    def __init__(self, cursor: Any, dialect: Dialect) -> None:  # noqa: ANN401 - either driver's
        self._cursor = cursor
        self._dialect = dialect

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        return self._dialect.name

    def run(self, statement: ClauseElement, values: _Values, listed: Sequence[int | str] = ()) -> None:
        """Run a statement that returns nothing."""
        prepared = _prepared(statement, self._dialect, len(listed))
        named = {**prepared.own, **values, **dict(zip(prepared.listed, listed, strict=True))}
        self._cursor.execute(prepared.text, prepared.bound(named))

    def fetch(
        self, statement: ClauseElement, values: _Values, listed: Sequence[int | str] = ()
    ) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows."""
        self.run(statement, values, listed)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def run_each(self, statement: ClauseElement, rows: Sequence[_Values]) -> None:
        """Run a statement once for each row of values."""
        prepared = _prepared(statement, self._dialect, 0)
        self._cursor.executemany(prepared.text, [prepared.bound(row) for row in rows])


@dataclass(frozen=True)
class _Prepared:
    """A statement as the driver takes it: `bound` turns named values into the driver's form."""

    text: str
    own: _Values
    listed: Sequence[str]
    bound: Callable[[_Values], Any]


@lru_cache(maxsize=_TEXTS)
def _prepared(statement: ClauseElement, dialect: Dialect, length: int) -> _Prepared:
    compiled = _compiled(statement, dialect)
    own = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    expanded = compiled.construct_expanded_state({**compiled.params, LISTED.key: [None] * length}, escape_names=False)
    return _Prepared(
        expanded.statement,
        own,
        expanded.parameter_expansion.get(LISTED.key, ()),
        # one driver takes values by position, the other by name
        _in_order(expanded.positiontup) if expanded.positiontup else lambda values: values,
    )


@lru_cache(maxsize=_TEXTS)
def _compiled(statement: ClauseElement, dialect: Dialect) -> "SQLCompiler":
    return cast("SQLCompiler", statement.compile(dialect=dialect))  # this costs more than another length of its list


def _in_order(names: Sequence[str]) -> Callable[[_Values], tuple[Any, ...]]:
    return itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)
