"""Show an evaluation in the terminal: figures, signs and the coverage-error curves, by kind and erring source."""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluation.figures import Evaluation, Figures
from evaluation.words import (
    COLUMNS,
    PLACES,
    SIGN_COLUMNS,
    figure_cells,
    group_name,
    model_words,
    most_errors_first,
    overall,
    point_cells,
    remarks,
    sign_cells,
    with_signs,
)
from presentation.text import COLOURS, percent, plural, printable, shortened

#: Columns of a group's name on a terminal, so that its figures end within 80.
_NAME = 28
#: Columns for a table where standard output is no terminal: more than it needs.
_PLAIN_WIDTH = 1000
#: Files that could not be read which are named here; the JSON and the page have all.
_NAMED = 10


def show_tables(evaluation: Evaluation, console: Console) -> None:
    """Print the tables and what else must be known."""
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    _say(console, f"{model_words(evaluation.card)}:")
    erring = {name: one for name, one in most_errors_first(evaluation.sources).items() if one.right < one.files}
    groups = {"": overall(evaluation), "kind": evaluation.kinds, "source with errors": erring}
    signed = {"with signs": with_signs(overall(evaluation)), "kind, with signs": with_signs(evaluation.kinds)}
    tables = {title: _named(ones, cut=console.is_terminal) for title, ones in {**groups, **signed}.items() if ones}
    width = max(cell_len(name) for title, rows in tables.items() for name in (title, *(name for name, _ in rows)))
    for title, rows in tables.items():
        console.print(_sign_table(title, rows, width) if title in signed else _table(title, rows, width))
        console.print()
    if evaluation.curves:
        console.print(_coverage(evaluation))
        console.print()
        _say(console, "accepted from: the share accepted from a confidence on, and the error: how much of it is wrong.")
    _say(console, *remarks(evaluation))
    _say(console, *_unread(evaluation), style=COLOURS["failed"])


def _say(console: Console, *lines: str, style: str = "") -> None:
    for line in lines:
        console.print(Text(line, style=style), soft_wrap=not console.is_terminal)


def _named(groups: Mapping[str, Figures], *, cut: bool) -> list[tuple[str, Figures]]:
    return [(shortened(group_name(name), _NAME) if cut else group_name(name), one) for name, one in groups.items()]


def _table(title: str, rows: Sequence[tuple[str, Figures]], width: int) -> Table:
    table = _empty_table(title, COLUMNS, width)
    for name, one in rows:
        *cells, wrong = figure_cells(one)
        table.add_row(*map(Text, (name, *cells)), Text(wrong, style=COLOURS["failed"] if one.accepted_wrong else ""))
    return table


def _sign_table(title: str, rows: Sequence[tuple[str, Figures]], width: int) -> Table:
    table = _empty_table(title, SIGN_COLUMNS, width)
    for name, one in rows:
        table.add_row(*map(Text, (name, *sign_cells(one))))
    return table


def _coverage(evaluation: Evaluation) -> Table:
    """Show how much of single digits and of several a threshold accepts; the model's own in bold."""
    columns = [column for amount in evaluation.curves for column in (amount.value, "error")]
    table = _empty_table("accepted from", columns, 0)
    for points in zip(*(curve.rows for curve in evaluation.curves.values()), strict=True):
        threshold = points[0].threshold
        cells = [cell for point in points for cell in point_cells(point)]
        used = threshold == evaluation.card.accept_threshold
        table.add_row(*map(Text, (percent(threshold, PLACES), *cells)), style="bold" if used else "")
    return table


def _empty_table(title: str, columns: Sequence[str], width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(title, min_width=width, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _unread(evaluation: Evaluation) -> Iterator[str]:
    ones = evaluation.unread
    if ones:
        yield f"{plural(len(ones), 'file')} could not be read; that counts as wrong:"
    for one in ones[:_NAMED]:
        yield f"  {printable(one.wanted.file)}: {printable(one.reason or '')}"
    if len(ones) > _NAMED:
        yield f"  ... and {len(ones) - _NAMED:,} more, which --json and --html name"
