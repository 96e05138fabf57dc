"""Show the ledger's results as a table for people, or as CSV or JSON for programs."""

import csv
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from cli.errors import CommandFailed
from cli.ledger import opened
from db.queries import Filter, Result, StoredDigit, digits_of, results
from presentation.text import (
    COLOURS,
    iso_utc,
    local_time,
    padded,
    percent,
    printable,
    say,
    shortened,
    stdout,
    written_words,
)
from settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from db.engine import Database

#: The columns of the `results` view, which CSV and JSON repeat.
COLUMNS = ("path", "reading", "confidence", "status", "reason", "model_version", "recognized_at", "written")
#: Columns of a terminal from which times and headings are written in full.
_WIDE = 110
_HEADINGS = {
    True: ("path", "reading", "written", "confidence", "status", "reason", "model", "recognized at"),
    False: ("path", "reading", "written", "sure", "status", "reason", "model", "read at"),
}
_STYLES = ("", "bold", "bold", "", "", "", "dim", "dim")
_PATH, _READING, _WRITTEN, _CONFIDENCE, _STATUS, _REASON, _MODEL, _MOMENT = range(len(_STYLES))
_RIGHT = (_CONFIDENCE, _MODEL)
#: Maximum width of a reading in columns, by whether the table is wide. A longer one continues in the next line.
_LONG_READING = {True: 16, False: 8}
#: Columns of a path that are shown at the least.
_LEAST_PATH = 12
#: Columns to which a path is filled up in plain text; a longer one only moves its own line.
_PLAIN_PATH = 40
#: Rows whose digits are fetched by one question.
_BATCH = 500
#: Rows of one table on a terminal: larger ones would keep people waiting for the first line.
_PAGE = 200

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def parse_since(text: str) -> int:
    """Turn 2026-11-22, 2026-11-22T16:00, 15m, 2h or 3d into milliseconds since 1970; local time unless a zone is given.

    Raises CommandFailed.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return time.time_ns() // 1_000_000 - int(ago[1]) * _SECONDS[ago[2]] * 1000
    try:
        return round(datetime.fromisoformat(text.strip()).timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise CommandFailed(
            f"--since {printable(text)!r} is no moment: write 2026-11-22, 2026-11-22T16:00, 15m, 2h or 3d"
        ) from error


def show_results(settings: Settings, wanted: Filter, format: str) -> None:  # noqa: A002 - the option's name
    """Write the rows that match as `table`, `csv` or `json`. Raises LedgerError."""
    with opened(settings.database_url) as database:
        rows = results(database, wanted)
        if format == "csv":
            _write_csv(rows)
        elif format == "json":
            _write_json(database, rows)
        elif rows:
            show_table(rows)
        else:
            say("Nothing in the ledger matches." if wanted != Filter() else "The ledger is empty.", error=True)


class _Lines:
    """Turns the line ends of csv into newlines.

    With newlines of its own, csv before Python 3.13 does not quote a name that holds a carriage return.
    """

    def write(self, line: str) -> None:
        """Write one row."""
        sys.stdout.write(line.removesuffix("\r\n") + "\n")


def _write_csv(rows: Iterable[Result]) -> None:
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # a real file, or pytest's
    writer = csv.writer(_Lines(), lineterminator="\r\n")
    writer.writerow(COLUMNS)
    # A program gets names as they are; on a terminal a name must not be able to move the cursor.
    name = printable if sys.stdout.isatty() else str
    for row in rows:
        writer.writerow({**_fields(row), "path": name(row.path)}.values())


def _write_json(database: "Database", rows: Sequence[Result]) -> None:
    sys.stdout.write("[")
    separator = "\n"
    for batch in _batches(rows):
        digits = digits_of(database, [row.id for row in batch])
        for row in batch:
            fields = {**_fields(row), "digits": [_digit(digit) for digit in digits.get(row.id, [])]}
            sys.stdout.write(separator + json.dumps(fields))
            separator = ",\n"
    sys.stdout.write("\n]\n" if rows else "]\n")


def _batches(rows: Sequence[Result]) -> Iterator[Sequence[Result]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))


def _fields(row: Result) -> dict[str, Any]:
    at = None if row.recognized_ms is None else iso_utc(row.recognized_ms)
    values = (row.path, row.reading, row.confidence, row.status.value, row.reason, row.model_version, at, row.written)
    return dict(zip(COLUMNS, values, strict=True))


def _digit(digit: StoredDigit) -> dict[str, Any]:
    return {
        "label": digit.label,
        "confidence": digit.confidence,
        "box": dict(zip(("left", "top", "width", "height"), digit.box, strict=True)),
        "probabilities": digit.probabilities,
    }


def show_table(rows: Sequence[Result]) -> None:
    """Write rows as a table: fitted to the terminal, or in full where standard output is none."""
    console = stdout()
    if not console.is_terminal:
        _write_plain([_cells(row, wide=True) for row in rows], _shown(rows))
        return
    layout = _fitting(rows, console.width)
    for start in range(0, len(rows), _PAGE):
        console.print(_table(rows[start : start + _PAGE], layout, heading=start == 0))


def _shown(rows: Sequence[Result]) -> list[int]:
    """Give the columns of a table: `written` only where it differs from the reading in some row."""
    written = any(written_words(row.reading, row.written) for row in rows)
    return [column for column in range(len(_STYLES)) if column != _WRITTEN or written]


def _cells(row: Result, *, wide: bool) -> tuple[str, ...]:
    return (
        printable(row.path),
        row.reading or "",
        printable(row.written or ""),
        percent(row.confidence) if row.reading else "",
        row.status.value,
        printable(row.reason or ""),
        "" if row.model_version is None else str(row.model_version),
        "" if row.recognized_ms is None else _moment(row.recognized_ms, wide=wide),
    )


def _moment(ms: int, *, wide: bool) -> str:
    full = local_time(ms)
    if wide:
        return full
    return full[5:16] if full[:4] == time.strftime("%Y") else full[:10]


def _write_plain(rows: Sequence[tuple[str, ...]], shown: Sequence[int]) -> None:
    lines = (_HEADINGS[True], *rows)
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    widths[_PATH] = min(widths[_PATH], _PLAIN_PATH)
    for line in lines:
        text = "  ".join(padded(line[column], widths[column]) for column in shown)
        sys.stdout.write(text.rstrip() + "\n")


@dataclass(frozen=True)
class _Layout:
    """The columns shown on a terminal and the width of every column, the same for all pages."""

    shown: Sequence[int]
    widths: Sequence[int]
    wide: bool


def _fitting(rows: Sequence[Result], width: int) -> _Layout:
    wide = width >= _WIDE
    needed = [len(name) for name in _HEADINGS[wide]]
    for row in rows:
        needed = [max(known, cell_len(cell)) for known, cell in zip(needed, _cells(row, wide=wide), strict=True)]
    for column in (_READING, _WRITTEN):
        needed[column] = min(needed[column], _LONG_READING[wide])
    shown = _shown(rows)
    gaps = (2 if wide else 1) * (len(shown) - 1)
    others = sum(needed[column] for column in shown if column not in (_PATH, _REASON))
    needed[_PATH], needed[_REASON] = _shared(width - gaps - others, needed[_PATH], needed[_REASON])
    return _Layout(shown, needed, wide)


def _shared(room: int, path: int, reason: int) -> tuple[int, int]:
    """Share the room between paths and reasons: all they need, or else a half each and what the other leaves."""
    if path + reason <= room:
        return path, reason
    reason = min(reason, max(room // 2, room - path))
    return max(room - reason, _LEAST_PATH), reason


def _table(rows: Sequence[Result], layout: _Layout, *, heading: bool) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - CSV and JSON have no use for it
    from rich.text import Text  # noqa: PLC0415 - as above

    gap = 2 if layout.wide else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, show_header=heading, header_style="bold")
    for column in layout.shown:
        name, width = _HEADINGS[layout.wide][column], layout.widths[column]
        table.add_column(name, justify="right" if column in _RIGHT else "left", width=width, overflow="fold")
    for row in rows:
        cells = list(_cells(row, wide=layout.wide))
        cells[_PATH] = shortened(cells[_PATH], layout.widths[_PATH])
        styles = (*_STYLES[:_STATUS], COLOURS[row.status], *_STYLES[_STATUS + 1 :])
        table.add_row(*(Text(cells[column], style=styles[column]) for column in layout.shown))
    return table
