"""Show the ledger's results as a table for people, or as CSV or JSON for programs."""

import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from cli.cells import neutral
from cli.errors import CommandFailed
from cli.ledger import opened
from db.queries import Filter, Result, Sort, StoredDigit, digits_of, results
from presentation.text import iso_utc, local_time, printable, say, stdout
from settings import Settings

if TYPE_CHECKING:
    from db.engine import Database

#: The columns of the `results` view, which CSV and JSON repeat.
COLUMNS = (
    "path", "reading", "confidence", "status", "reason", "model_version", "recognized_at", "written", "folder", "id",
    "source",
)  # fmt: skip
#: Rows whose digits are fetched by one question.
_BATCH = 500
#: Seconds between two looks for new answers.
_LOOK_SECONDS = 0.5


def show_results(settings: Settings, wanted: Filter, format: str) -> None:  # noqa: A002 - the option's name
    """Write the rows that match as `table`, `csv` or `json`. Raises LedgerError."""
    with opened(settings.database_url) as database:
        rows = results(database, wanted)
        if format == "csv":
            _Csv().write(rows)
        elif format == "json":
            _write_json(database, rows)
        elif rows:
            from cli.table import show_table  # noqa: PLC0415 - programs have no use for it

            show_table(rows)
        else:
            narrowed = replace(wanted, sort=Sort.LATEST) != Filter()
            say("Nothing in the ledger matches." if narrowed else "The ledger is empty.", error=True)


def follow_results(settings: Settings, wanted: Filter, format: str) -> None:  # noqa: A002 - the option's name
    """Write the rows that match, the earliest first, and then each new one as it comes, until Ctrl-C.

    JSON is one object a line then. Raises LedgerError, or CommandFailed for an order other than that of time.
    """
    if wanted.sort is not Sort.LATEST or wanted.after is not None:
        raise CommandFailed("--follow goes in the order of time: leave out --sort and --after")
    from supervisor.tail import Tail  # noqa: PLC0415 - only this needs it

    with opened(settings.database_url) as database, suppress(KeyboardInterrupt):
        tail = Tail(database)
        writer = _writer(database, format)
        first = results(database, wanted)[::-1]
        writer.write(first)
        shown = {(row.id, row.answer) for row in first}
        while True:
            sys.stdout.flush()
            time.sleep(_LOOK_SECONDS)
            new = [row for row in tail.new() if (row.id, row.answer) not in shown]
            writer.write(_matching(database, new, wanted))


def _matching(database: "Database", rows: Sequence[Result], wanted: Filter) -> list[Result]:
    """Pick the rows that match, in their order."""
    kept: set[int] = set()
    for batch in _batches(rows):
        kept |= {row.id for row in results(database, replace(wanted, ids=[row.id for row in batch], limit=None))}
    return [row for row in rows if row.id in kept]


class _Writer(Protocol):
    """Writes some rows at a time."""

    def write(self, rows: Sequence[Result]) -> None: ...


def _writer(database: "Database", format: str) -> _Writer:  # noqa: A002 - the option's name
    if format == "csv":
        return _Csv()
    return _JsonLines(database) if format == "json" else _TableLines()


class _Csv:
    """Writes rows as CSV, the heading first."""

    def __init__(self) -> None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # a real file, or pytest's
        self._writer = csv.writer(_Newlines(), lineterminator="\r\n")
        self._writer.writerow(COLUMNS)
        # A program gets names as they are; on a terminal a name must not be able to move the cursor.
        self._shown = printable if sys.stdout.isatty() else str

    def write(self, rows: Iterable[Result]) -> None:
        for row in rows:
            fields = _fields(row) | {"path": self._shown(row.path), "folder": self._shown(row.folder)}
            self._writer.writerow(neutral(column, value) for column, value in fields.items())


class _Newlines:
    """Turns the line ends of csv into newlines.

    With newlines of its own, csv before Python 3.13 does not quote a name that holds a carriage return.
    """

    def write(self, line: str) -> None:
        """Write one row."""
        sys.stdout.write(line.removesuffix("\r\n") + "\n")


class _JsonLines:
    """Writes rows as JSON, an object a line."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def write(self, rows: Sequence[Result]) -> None:
        for row in _json(self._database, rows):
            sys.stdout.write(f"{row}\n")


class _TableLines:
    """Writes rows as `digits run` does."""

    def __init__(self) -> None:
        from cli.lines import Lines  # noqa: PLC0415 - only people need them

        self._console = stdout()
        self._lines = Lines(self._console)

    def write(self, rows: Iterable[Result]) -> None:
        for row in rows:
            when = "" if row.recognized_ms is None else local_time(row.recognized_ms)
            self._console.file.write(self._lines.reading(row, when))


def _write_json(database: "Database", rows: Sequence[Result]) -> None:
    sys.stdout.write("[")
    separator = "\n"
    for row in _json(database, rows):
        sys.stdout.write(separator + row)
        separator = ",\n"
    sys.stdout.write("\n]\n" if rows else "]\n")


def _json(database: "Database", rows: Sequence[Result]) -> Iterator[str]:
    for batch in _batches(rows):
        digits = digits_of(database, [row.id for row in batch])
        for row in batch:
            yield json.dumps({**_fields(row), "digits": [_digit(digit) for digit in digits.get(row.id, [])]})


def _batches(rows: Sequence[Result]) -> Iterator[Sequence[Result]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))


def _fields(row: Result) -> dict[str, Any]:
    at = None if row.recognized_ms is None else iso_utc(row.recognized_ms)
    values = (
        row.path, row.reading, row.confidence, row.status.value, row.reason, row.model_version, at, row.written,
        row.folder, row.id, row.source.value,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _digit(digit: StoredDigit) -> dict[str, Any]:
    return {
        "label": digit.label,
        "confidence": digit.confidence,
        "box": dict(zip(("left", "top", "width", "height"), digit.box, strict=True)),
        "probabilities": digit.probabilities,
    }
