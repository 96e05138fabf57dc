"""Write one self-contained page with every image beside its reading."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import URL

from cli.errors import OutOfReach
from cli.ledger import folder_of, opened
from cli.output import replacing
from db import paths
from db.queries import Filter, Result, results
from db.tables import Status
from presentation.page import render
from presentation.picture import Picture, picture
from presentation.text import percent, plural, printable, say, written_words
from recognizer.errors import RecognitionError
from recognizer.versions import active_card
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


@dataclass(frozen=True)
class _Entry:
    """One image and its reading, as `report.html` shows them; "" for what there is not."""

    path: str
    picture: Picture
    status: Status
    reading: str
    long: bool
    written: str
    share: str
    reason: str


@dataclass(frozen=True)
class _Section:
    """The images of one status; each picture is opened when its entry is asked for."""

    status: Status
    title: str
    files: int
    entries: Iterator[_Entry]


def write_report(settings: Settings, out: Path) -> None:
    """Write the page of all results to `out`, replacing it at once and only when it is whole.

    Raises LedgerError, or CommandFailed if `out` can't be written.
    """
    with opened(settings.database_url) as database:
        rows, ledger = results(database, Filter()), database.url
    with replacing(out) as page, Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("writing", total=len(rows))
        sections = list(_sections(rows, ledger, lambda: progress.advance(task)))
        facts = f"{_model(settings.model_dir)}. Written {datetime.now().astimezone():%Y-%m-%d %H:%M}."
        page.writelines(render("report.html", facts=facts, seen=plural(len(rows), "file"), sections=sections))
    say(f"{printable(str(out))} shows {plural(len(rows), 'image')}.")


def _sections(rows: Sequence[Result], ledger: URL, on_entry: Callable[[], None]) -> Iterator[_Section]:
    for status, title in _SECTIONS.items():
        ones = _sorted(row for row in rows if row.status is status)
        if ones:
            yield _Section(status, title, len(ones), _entries(ones, ledger, on_entry))


def _sorted(rows: Iterable[Result]) -> list[Result]:
    """Order by name, `img 10` after `img 9`; where somebody has to look, the least sure first."""
    ordered = sorted(
        rows,
        key=lambda row: [(len(part), part) if part.isdecimal() else (0, part) for part in _NUMBERS.split(row.path)],
    )
    if ordered and ordered[0].status is Status.REVIEW:
        ordered.sort(key=lambda row: row.confidence or 0.0)
    return ordered


def _model(model_dir: Path) -> str:
    try:
        card = active_card(model_dir)
    except RecognitionError:
        return "No model is active"
    return f"Model {card.version} reads ({card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right)"


def _entries(rows: Iterable[Result], ledger: URL, on_entry: Callable[[], None]) -> Iterator[_Entry]:
    for row in rows:
        yield _entry(row, ledger)
        on_entry()


def _entry(row: Result, ledger: URL) -> _Entry:
    reading = row.reading or ""
    return _Entry(
        path=row.path,
        picture=_picture(row, ledger),
        status=row.status,
        reading=reading,
        long=len(reading) > _LONG,
        written=written_words(row.reading, row.written),
        share=percent(row.confidence) if reading else "",
        reason=row.reason or "",
    )


def _picture(row: Result, ledger: URL) -> Picture:
    try:
        folder = folder_of(row, ledger)
    except OutOfReach as error:
        return Picture(f"{row.path}: {error}", missing="out of reach")
    alt = f"{row.path}, read as {row.reading}" if row.reading else row.path
    return picture(paths.to_bytes(row.path), below=folder, name=row.path, alt=alt)
