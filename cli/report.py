"""Write one self-contained page with every image beside its reading."""

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import IO

import numpy as np
from rich.console import Console
from rich.progress import Progress

from cli.errors import CommandFailed
from cli.ledger import file_of, opened
from cli.text import percent, plural, printable, say
from db.queries import Filter, Result, results
from db.tables import Status
from recognizer.errors import RecognitionError, UnreadableImage
from recognizer.image import VANISHED, Gray, open_image
from recognizer.model import active_card
from recognizer.opencv import cv2
from settings import Settings

#: Pixels along the longer side of a picture on the page; the files themselves may be photographs.
THUMBNAIL = 128
#: Pixels along the longer side up to which a picture is shown with its pixels sharp, as it is enlarged.
TINY = 64
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
_HERE = Path(__file__).parent
_NUMBERS = re.compile(r"(\d+)")


def write_report(settings: Settings, out: Path) -> None:
    """Write the page of all results to `out`, replacing it at once and only when it is whole.

    Raises LedgerError, or CommandFailed if `out` can't be written.
    """
    with opened(settings.database_url) as database:
        rows = results(database, Filter())
    sections = {status: _sorted(row for row in rows if row.status is status) for status in _SECTIONS}
    with _replacing(out) as page:
        page.write(_head(settings, sections))
        for part in _body(sections, len(rows)):
            page.write(part)
    say(f"{printable(str(out))} shows {plural(len(rows), 'image')}.")


@contextmanager
def _replacing(out: Path) -> Iterator[IO[str]]:
    """Give a file beside `out` that takes its place at the end; after an error nothing of it stays."""
    if out.exists() and not out.is_file():
        raise CommandFailed(f"{printable(str(out))} is not a file that can be replaced")
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=out.parent, prefix=".report-", suffix=".tmp", delete=False
        ) as page:
            try:
                yield page
                page.flush()
                os.fsync(page.fileno())
                Path(page.name).chmod(0o666 & ~_umask())
                Path(page.name).replace(out)
            except BaseException:
                Path(page.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CommandFailed(f"{printable(str(out))} can't be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


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
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    counts = {status: len(rows) for status, rows in sections.items()}
    seen = sum(counts.values())
    parts = " + ".join(f'<b class="{status}">{count:,} {status}</b>' for status, count in counts.items() if count)
    return Template((_HERE / "report.html").read_text(encoding="utf-8")).substitute(
        title="Digit Inbox",
        heading="Digit Inbox",
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
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
    reason = f'<p class="reason">{escape(printable(row.reason))}</p>' if row.reason else ""
    return (
        f'<li class="card">{_picture(row)}<div class="words">{_reading(row)}{_sure(row)}'
        f'<span class="badge {row.status}">{row.status}</span>{reason}</div>'
        f'<p class="path">{escape(printable(row.path))}</p></li>\n'
    )


def _picture(row: Result) -> str:
    name = escape(printable(row.path))
    try:
        gray = open_image(file_of(row)).gray
    except UnreadableImage as error:
        why = "the file is gone" if str(error) == VANISHED else "no picture"
        return f'<div class="picture none" role="img" aria-label="{name}: {why}">{why}</div>'
    alt = f"{name}, read as {escape(row.reading)}" if row.reading else name
    tiny = " tiny" if max(gray.shape) <= TINY else ""
    data = base64.b64encode(_thumbnail(gray)).decode()
    return f'<img class="picture{tiny}" alt="{alt}" src="data:image/png;base64,{data}">'


def _thumbnail(gray: Gray) -> bytes:
    """Encode a picture anew, at most THUMBNAIL pixels each way: nothing of the file's own bytes reaches the page."""
    scale = THUMBNAIL / max(gray.shape)
    if scale < 1:
        size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
        gray = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    return bytes(cv2.imencode(".png", gray)[1])


def _reading(row: Result) -> str:
    if not row.reading:
        return '<p class="reading empty" aria-label="no reading">-</p>'
    size = " long" if len(row.reading) > _LONG else ""
    return f'<p class="reading{size}">{escape(row.reading)}</p>'


def _sure(row: Result) -> str:
    if not row.reading or row.confidence is None:
        return ""
    share = percent(row.confidence)
    bar = f'<svg aria-hidden="true"><rect class="{row.status}" width="{share}" height="100%"/></svg>'
    return f'<p class="sure">{bar}<span>{share}</span></p>'
