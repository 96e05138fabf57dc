"""Write rows as a table: fitted to a terminal, in full elsewhere. A terminal that is too narrow gets lines."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from db.queries import Result
from presentation.text import COLOURS, local_time, padded, percent, printable, shortened, stdout, written_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Columns of a terminal from which times and headings are written in full.
_WIDE = 110
#: The columns with their headings, in full and for a narrow terminal.
_HEADINGS = {
    "folder": ("folder", "folder"),
    "path": ("path", "path"),
    "reading": ("reading", "reading"),
    "written": ("written", "written"),
    "confidence": ("confidence", "sure"),
    "status": ("status", "status"),
    "reason": ("reason", "reason"),
    "model": ("model", "model"),
    "moment": ("recognized at", "read at"),
}
_STYLES = {"reading": "bold", "written": "bold", "model": "dim", "moment": "dim"}
_RIGHT = ("confidence", "model")
#: What a narrow terminal leaves out, one after the other.
_SPARED = ((), ("model",), ("model", "moment"))
#: Columns of a path, and of a reason, that are shown at the least.
_LEAST_PATH, _LEAST_REASON = 12, 16
#: Columns to which a path is filled up in plain text; a longer one only moves its own line.
_PLAIN_PATH = 40
#: Rows of one table on a terminal: larger ones would keep people waiting for the first line.
_PAGE = 200

_Cells = Mapping[str, str]


@dataclass(frozen=True)
class _Layout:
    """The columns shown on a terminal and their widths, the same for all pages."""

    widths: Mapping[str, int]
    wide: bool


def show_table(rows: Sequence[Result]) -> None:
    """Write rows for people to standard output."""
    console = stdout()
    if not console.is_terminal:
        _write_plain(rows)
    elif layout := _fitting(rows, console.width):
        for start in range(0, len(rows), _PAGE):
            console.print(_table(rows[start : start + _PAGE], layout, heading=start == 0))
    else:
        _write_lines(rows, console)


def _write_lines(rows: Sequence[Result], console: "Console") -> None:
    from cli.lines import Lines  # noqa: PLC0415 - few terminals are that narrow

    lines = Lines(console)
    for row in rows:
        console.file.write(lines.reading(row, _cells(row, wide=False)["moment"]))


def _shown(rows: Sequence[Result]) -> list[str]:
    """Name the columns: `written` only where it differs from some reading, `folder` only if there are several."""
    absent = set()
    if not any(written_words(row.reading, row.written) for row in rows):
        absent.add("written")
    if len({row.folder for row in rows}) < 2:  # noqa: PLR2004 - several
        absent.add("folder")
    return [column for column in _HEADINGS if column not in absent]


def _cells(row: Result, *, wide: bool) -> _Cells:
    return {
        "folder": printable(row.folder),
        "path": printable(row.path),
        "reading": row.reading or "",
        "written": printable(row.written or ""),
        "confidence": percent(row.confidence) if row.reading else "",
        "status": row.status.value,
        "reason": printable(row.reason or ""),
        "model": "" if row.model_version is None else str(row.model_version),
        "moment": "" if row.recognized_ms is None else _moment(row.recognized_ms, wide=wide),
    }


def _screen_cells(row: Result, *, wide: bool) -> dict[str, str]:
    """Give the cells for a terminal, which has no room to say a number twice."""
    cells = _cells(row, wide=wide)
    return {**cells, "written": cells["written"] if written_words(row.reading, row.written) else ""}


def _moment(ms: int, *, wide: bool) -> str:
    full = local_time(ms)
    if wide:
        return full
    return full[5:16] if full[:4] == time.strftime("%Y") else full[:10]


def _write_plain(rows: Sequence[Result]) -> None:
    lines = [{column: names[0] for column, names in _HEADINGS.items()}, *(_cells(row, wide=True) for row in rows)]
    widths = {column: max(cell_len(line[column]) for line in lines) for column in _shown(rows)}
    widths["path"] = min(widths["path"], _PLAIN_PATH)
    for line in lines:
        text = "  ".join(padded(line[column], width) for column, width in widths.items())
        sys.stdout.write(text.rstrip() + "\n")


def _fitting(rows: Sequence[Result], width: int) -> _Layout | None:
    """Lay the table out; None if the terminal is too narrow. Only a path is cut, in its middle."""
    wide = width >= _WIDE
    needed = {column: len(names[not wide]) for column, names in _HEADINGS.items()}
    word = 0
    for row in rows:
        for column, cell in _screen_cells(row, wide=wide).items():
            needed[column] = max(needed[column], cell_len(cell))
        word = max([word, *map(cell_len, printable(row.reason or "").split())])
    shown = _shown(rows)
    for spared in _SPARED:
        widths = {column: needed[column] for column in shown if column not in spared}
        others = sum(size for column, size in widths.items() if column not in ("path", "reason"))
        room = width - (2 if wide else 1) * (len(widths) - 1) - others
        least = min(needed["reason"], max(word, _LEAST_REASON))
        if room >= min(needed["path"], _LEAST_PATH) + least:
            widths["path"], widths["reason"] = _shared(room, needed["path"], needed["reason"], least)
            return _Layout(widths, wide)
    return None


def _shared(room: int, path: int, reason: int, least: int) -> tuple[int, int]:
    """Share the room between paths and reasons: all they need, or else a half each and what the other leaves."""
    if path + reason <= room:
        return path, reason
    reason = min(reason, max(room // 2, room - path, least))
    return room - reason, reason


def _table(rows: Sequence[Result], layout: _Layout, *, heading: bool) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - plain text has no use for it
    from rich.text import Text  # noqa: PLC0415 - as above

    gap = 2 if layout.wide else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, show_header=heading, header_style="bold")
    for column, width in layout.widths.items():
        name = _HEADINGS[column][not layout.wide]
        table.add_column(name, justify="right" if column in _RIGHT else "left", width=width, overflow="fold")
    for row in rows:
        cells = _screen_cells(row, wide=layout.wide)
        cells["path"] = shortened(cells["path"], layout.widths["path"])
        styles = {**_STYLES, "status": COLOURS[row.status]}
        table.add_row(*(Text(cells[column], styles.get(column, "")) for column in layout.widths))
    return table
