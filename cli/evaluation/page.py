"""Write an evaluation as one self-contained page: figures, confusions, the curve, and all that went wrong."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from cli.evaluation.contact_sheet import contact_sheet
from cli.evaluation.coverage_plot import coverage_plot
from cli.evaluation.figures import Counts, Curve, Evaluation, Figures
from cli.evaluation.labels import Amount
from cli.evaluation.words import (
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
from presentation.page import filled, page_head
from presentation.text import percent, plural
from recognizer.contract import CLASSES

#: Shades of a cell of the confusion matrix; page rules of the same number give them their strength.
_SHADES = 10


def page_parts(evaluation: Evaluation, folder: Path) -> Iterator[str]:
    """Give the page piece by piece; the pictures come from `folder`, as the labels name them."""
    yield page_head("Digit Inbox: evaluation", "evaluation.css")
    yield filled(
        "evaluation.html",
        facts=escape(f"{model_words(evaluation.card)}. Written {datetime.now().astimezone():%Y-%m-%d %H:%M}."),
        heading=f"{plural(evaluation.everything.files, 'labelled picture')}",
        summary=_table("", overall(evaluation)),
        remarks="<br>".join(map(escape, remarks(evaluation))),
        kinds=_table("kind", evaluation.kinds),
        sources=_table("source", most_errors_first(evaluation.sources)),
        signs=_signs(evaluation),
        confusion=_confusion(evaluation.confusion),
        coverage=_coverage(evaluation),
    )
    yield from contact_sheet(evaluation.wrong, folder)
    yield "</main>\n</body>\n</html>\n"


def _table(title: str, groups: Mapping[str, Figures]) -> str:
    if not groups:
        return f'<p class="facts">The labels have no column `{title}`, or nothing in it.</p>'
    styles = ["bad" if one.accepted_wrong else "" for one in groups.values()]
    return _framed(_heading(title, COLUMNS), _group_rows(groups, figure_cells, styles))


def _signs(evaluation: Evaluation) -> str:
    """Write a section about the labels with signs; nothing where there are none."""
    groups = {"": with_signs(overall(evaluation)), "kind": with_signs(evaluation.kinds)}
    tables = [
        _framed(_heading(title, SIGN_COLUMNS), _group_rows(ones, sign_cells, [""] * len(ones)))
        for title, ones in groups.items()
        if ones
    ]
    return filled("signs.html", tables="\n".join(tables)) if tables else ""


def _group_rows(
    groups: Mapping[str, Figures], cells: Callable[[Figures], Sequence[str]], styles: Sequence[str]
) -> list[str]:
    return [
        _row([_name(group_name(name)), *map(_cell, cells(one))], style)
        for (name, one), style in zip(groups.items(), styles, strict=True)
    ]


def _heading(title: str, columns: Sequence[str]) -> list[str]:
    return [f"<th>{title}</th>", *(f'<th scope="col">{column}</th>' for column in columns)]


def _framed(heading: Sequence[str], rows: Sequence[str], style: str = "") -> str:
    """Write a table that scrolls by itself where it is too wide, from cells and rows."""
    body = "\n".join(rows)
    table = f"<table>\n<thead><tr>{''.join(heading)}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="wide {style}" tabindex="0">{table}</div>'


def _row(cells: Sequence[str], style: str = "") -> str:
    return f'<tr class="{style}">{"".join(cells)}</tr>'


def _name(text: str) -> str:
    return f'<th scope="row">{escape(text)}</th>'


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


def _confusion(counts: Counts) -> str:
    if not counts.any():
        return '<p class="facts">No picture is labelled with one digit.</p>'
    heading = _heading("label \\ read", [*map(str, range(CLASSES)), "not one"])
    rows = [_row([_name(str(digit)), *_shaded(row, right=digit)]) for digit, row in enumerate(counts.tolist())]
    return _framed(heading, rows, "matrix")


def _shaded(row: Sequence[int], *, right: int) -> Iterator[str]:
    """Shade by the root of a cell's share of its row, so that single errors can be seen."""
    total = max(sum(row), 1)
    for column, count in enumerate(row):
        shade = math.ceil(_SHADES * math.sqrt(count / total))
        kind = "hit" if column == right else "miss"
        yield f'<td class="{kind} shade{shade}">{count:,}</td>' if count else '<td class="zero">0</td>'


def _coverage(evaluation: Evaluation) -> str:
    if not evaluation.curves:
        return '<p class="facts">No picture is labelled with digits.</p>'
    return "\n".join(_curve(amount, curve) for amount, curve in evaluation.curves.items())


def _curve(amount: Amount, curve: Curve) -> str:
    rows = [
        _row(
            [_name(percent(point.threshold, PLACES)), *map(_cell, point_cells(point))],
            "used" if point == curve.at_threshold else "",
        )
        for point in curve.rows
    ]
    plot = coverage_plot(curve.drawn, curve.at_threshold, of=amount.value)
    table = _framed(_heading("accepted from", ("coverage", "error")), rows, "numbers")
    return f"<h3>{amount.value.capitalize()}</h3>\n{plot}{table}"
