"""Write one self-contained page with every image beside its reading."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from cli.ledger import file_of, opened
from cli.output import replacing
from db.queries import Filter, Result, results
from db.tables import Status
from presentation.page import escaped, filled, page_head, picture
from presentation.text import percent, plural, printable, say, written_words
from recognizer.errors import RecognitionError
from recognizer.model import active_card
from settings import Settings

#: A reading of more digits than this is written smaller.
_LONG = 7
#: What needs somebody's eyes comes first.
_SECTIONS = {
    Status.REVIEW: "To review",
    Status.FAILED: "Could not be read",
    Status.REJECTED: "No digit in it",
    Status.ACCEPTED: "Accepted",
    Status.QUEUED: "Waiting",
}
_NUMBERS = re.compile(r"(\d+)")


def write_report(settings: Settings, out: Path) -> None:
    """Write the page of all results to `out`, replacing it at once and only when it is whole.

    Raises LedgerError, or CommandFailed if `out` can't be written.
    """
    with opened(settings.database_url) as database:
        rows = results(database, Filter())
    sections = {status: _sorted(row for row in rows if row.status is status) for status in _SECTIONS}
    with replacing(out) as page:
        page.write(_head(settings, sections))
        for part in _body(sections, len(rows)):
            page.write(part)
    say(f"{printable(str(out))} shows {plural(len(rows), 'image')}.")


def _sorted(rows: Iterable[Result]) -> list[Result]:
    """Order by name, `img 10` after `img 9`; where somebody has to look, the least sure first."""
    ordered = sorted(
        rows,
        key=lambda row: [(len(part), part) if part.isdecimal() else (0, part) for part in _NUMBERS.split(row.path)],
    )
    if ordered and ordered[0].status is Status.REVIEW:
        ordered.sort(key=lambda row: row.confidence or 0.0)
    return ordered


def _head(settings: Settings, sections: dict[Status, list[Result]]) -> str:
    counts = {status: len(rows) for status, rows in sections.items()}
    seen = sum(counts.values())
    parts = " + ".join(f'<b class="{status}">{count:,} {status}</b>' for status, count in counts.items() if count)
    return page_head("Digit Inbox", "report.css") + filled(
        "report.html",
        heading="Digit Inbox",
        facts=escape(f"{_model(settings.model_dir)}. Written {datetime.now().astimezone():%Y-%m-%d %H:%M}."),
        balance=f"<b>{plural(seen, 'file')}</b> seen = {parts}" if seen else "No files seen yet.",
        chips="\n".join(_chips(counts, seen)),
    )


def _model(model_dir: Path) -> str:
    try:
        card = active_card(model_dir)
    except RecognitionError:
        return "No model is active"
    return f"Model {card.version} reads ({card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right)"


def _chips(counts: dict[Status, int], seen: int) -> Iterator[str]:
    yield f'<label><input type="radio" name="only" id="only-all" checked>all <b>{seen:,}</b></label>'
    for status, count in counts.items():
        if count:
            yield f'<label><input type="radio" name="only" id="only-{status}">{status} <b>{count:,}</b></label>'


def _body(sections: dict[Status, list[Result]], total: int) -> Iterator[str]:
    if not total:
        yield '<p class="nothing">Drop images into the watched folder and start <code>digits run</code>.</p>\n'
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("writing", total=total)
        for status, rows in sections.items():
            if rows:
                yield f'<section id="{status}">\n<h2>{_SECTIONS[status]} <span>{len(rows):,}</span></h2>\n'
                yield '<ul class="grid">\n'
                for row in rows:
                    yield _card(row)
                    progress.advance(task)
                yield "</ul>\n</section>\n"
    yield "</main>\n</body>\n</html>\n"


def _card(row: Result) -> str:
    reason = f'<p class="reason">{escaped(row.reason)}</p>' if row.reason else ""
    return (
        f'<li class="card">{_picture(row)}<div class="words">{_reading(row)}{_sure(row)}'
        f'<span class="badge {row.status}">{row.status}</span>{reason}</div>'
        f'<p class="path">{escaped(row.path)}</p></li>\n'
    )


def _picture(row: Result) -> str:
    return picture(file_of(row), name=row.path, alt=f"{row.path}, read as {row.reading}" if row.reading else row.path)


def _reading(row: Result) -> str:
    if not row.reading:
        return '<p class="reading empty" aria-label="no reading">-</p>'
    size = " long" if len(row.reading) > _LONG else ""
    words = written_words(row.reading, row.written)
    written = f'<p class="written">{escape(words)}</p>' if words else ""
    return f'<p class="reading{size}">{escape(row.reading)}</p>{written}'


def _sure(row: Result) -> str:
    if not row.reading or row.confidence is None:
        return ""
    share = percent(row.confidence)
    bar = f'<svg aria-hidden="true"><rect class="{row.status}" width="{share}" height="100%"/></svg>'
    return f'<p class="sure">{bar}<span>{share}</span></p>'
