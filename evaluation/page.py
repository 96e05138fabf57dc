"""Write an evaluation as one self-contained page: figures, confusions, the curve, and all that went wrong."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evaluation.contact_sheet import contact_sheet
from evaluation.coverage_plot import coverage_plot
from evaluation.figures import Counts, Curve, Evaluation, Figures
from evaluation.labels import Amount
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
from presentation.page import render
from presentation.plot import Plot
from presentation.text import percent, plural
from recognizer.contract import CLASSES

#: Shades of a cell of the confusion matrix; rules of `style.css` of the same number give them their strength.
_SHADES = 10


@dataclass(frozen=True)
class _Cell:
    """A cell of a table; `style` names its classes."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class _Row:
    """A row of a table and its name, which is its first cell."""

    name: str
    cells: tuple[_Cell, ...]
    style: str = ""


@dataclass(frozen=True)
class _Table:
    """A table as `evaluation.html` writes it; `title` heads the names of its rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[_Row]
    style: str = ""


@dataclass(frozen=True)
class _DrawnCurve:
    """A curve of coverage against error, drawn and as a table."""

    title: str
    plot: Plot
    table: _Table


def page_parts(evaluation: Evaluation, folder: Path) -> Iterator[str]:
    """Give the page piece by piece; the pictures come from `folder`, as the labels name them."""
    return render(
        "evaluation.html",
        facts=f"{model_words(evaluation.card)}. Written {datetime.now().astimezone():%Y-%m-%d %H:%M}.",
        pictures=plural(evaluation.everything.files, "labelled picture"),
        summary=_figures("", overall(evaluation)),
        remarks=list(remarks(evaluation)),
        kinds=_figures("kind", evaluation.kinds),
        sources=_figures("source", most_errors_first(evaluation.sources)),
        signs=list(_signs(evaluation)),
        confusion=_confusion(evaluation.confusion),
        curves=[_drawn(amount, curve) for amount, curve in evaluation.curves.items()],
        sheet=contact_sheet(evaluation.wrong, folder),
    )


def _figures(title: str, groups: Mapping[str, Figures]) -> _Table:
    styles = ["bad" if one.accepted_wrong else "" for one in groups.values()]
    return _Table(title, COLUMNS, _group_rows(groups, figure_cells, styles))


def _signs(evaluation: Evaluation) -> Iterator[_Table]:
    """Give the tables about the labels with signs; none where there are none."""
    groups = {"": with_signs(overall(evaluation)), "kind": with_signs(evaluation.kinds)}
    for title, ones in groups.items():
        if ones:
            yield _Table(title, SIGN_COLUMNS, _group_rows(ones, sign_cells, [""] * len(ones)))


def _group_rows(
    groups: Mapping[str, Figures], words: Callable[[Figures], Sequence[str]], styles: Sequence[str]
) -> list[_Row]:
    return [
        _Row(group_name(name), _cells(words(one)), style)
        for (name, one), style in zip(groups.items(), styles, strict=True)
    ]


def _cells(words: Iterable[str]) -> tuple[_Cell, ...]:
    return tuple(map(_Cell, words))


def _confusion(counts: Counts) -> _Table:
    rows = [_Row(str(digit), tuple(_shaded(row, right=digit))) for digit, row in enumerate(counts.tolist())]
    columns = [*map(str, range(CLASSES)), "not one"]
    return _Table("label \\ read", columns, rows if counts.any() else [], "matrix")


def _shaded(row: Sequence[int], *, right: int) -> Iterator[_Cell]:
    """Shade by the root of a cell's share of its row, so that single errors can be seen."""
    total = max(sum(row), 1)
    for column, count in enumerate(row):
        shade = math.ceil(_SHADES * math.sqrt(count / total))
        kind = "hit" if column == right else "miss"
        yield _Cell(f"{count:,}", f"{kind} shade{shade}" if count else "zero")


def _drawn(amount: Amount, curve: Curve) -> _DrawnCurve:
    rows = [
        _Row(
            percent(point.threshold, PLACES),
            _cells(point_cells(point)),
            "used" if point == curve.at_threshold else "",
        )
        for point in curve.rows
    ]
    return _DrawnCurve(
        title=amount.value.capitalize(),
        plot=coverage_plot(curve.drawn, curve.at_threshold, of=amount.value),
        table=_Table("accepted from", ("coverage", "error"), rows, "numbers"),
    )
