"""Name many rows in one statement: a list is bound as one JSON text, which the database takes apart.

So a statement has one text for lists of any length, and no database's limit on bound values counts.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, bindparam, cast, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _OneOf(FunctionElement[bool]):
    """Whether a column has one of the values of a JSON list.

    Its type is not stated: SQLAlchemy would write `= 1` after a Boolean, and SQLite would use no index.
    """

    inherit_cache = True
    name = "one_of"


@compiles(_OneOf, "sqlite")
def _sqlite(element: _OneOf, compiler: Any, **given: Any) -> str:  # noqa: ANN401 - as SQLAlchemy hands it over
    column, values = (compiler.process(clause, **given) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - clauses of SQLAlchemy


@compiles(_OneOf, "postgresql")
def _postgresql(element: _OneOf, compiler: Any, **given: Any) -> str:  # noqa: ANN401 - likewise
    column, values = (compiler.process(clause, **given) for clause in element.clauses)
    kind = compiler.dialect.type_compiler_instance.process(next(iter(element.clauses)).type)
    items = f"SELECT CAST(value AS {kind}) FROM json_array_elements_text(CAST({values} AS JSON))"  # noqa: S608 - likewise
    return f"{column} = ANY(ARRAY({items}))"  # its planner takes the index also where it has counted no rows yet


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Give the condition that a column has one of the values of a list, bound under `name` as JSON."""
    return _OneOf(column, bindparam(name, type_=Text))


def among(column: ColumnElement[Any], values: Sequence[int]) -> ColumnElement[bool]:
    """Give the condition that a column has one of these values."""
    return _OneOf(column, literal(json.dumps(values), Text))


def fields(dialect: str, name: str, *types: TypeEngine[Any]) -> list[ColumnElement[Any]]:
    """Give the columns of a list of rows, each a list of values of these types, bound under `name` as JSON."""
    rows = bindparam(name, type_=Text)
    if dialect == "sqlite":
        row = func.json_each(rows).table_valued("value").c.value
        return [func.json_extract(row, f"$[{place}]") for place in range(len(types))]
    item = func.json_array_elements(cast(rows, JSON)).column_valued("item")
    return [cast(item.op("->>")(place), kind) for place, kind in enumerate(types)]
