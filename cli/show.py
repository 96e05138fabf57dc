"""Draw one picture in the terminal: what is in the file, what the network sees of it, and what it makes of that."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from rich.console import Console
from rich.text import Text
from sqlalchemy import URL

from cli.canvas import Canvas
from cli.errors import CommandFailed, OutOfReach
from cli.ledger import file_of, is_at, opened, rows_named
from cli.read import load_active, reason_of
from db.errors import LedgerError, NotMigrated
from db.paths import to_text
from db.queries import Result, by_machine
from db.tables import Source
from presentation.text import COLOURS, local_time, percent, plural, printable, stdout, written_words
from recognizer import reader
from recognizer.arrays import Gray
from recognizer.contract import SIDE, Card
from recognizer.errors import UnreadableImage
from recognizer.image import open_image
from recognizer.reading import Digit, Reading
from regular_file import may_be_there
from settings import Settings

#: Columns everything takes at the most.
_WIDTH = 80
#: Columns of a terminal from which a digit and its probabilities stand side by side.
_SIDE_BY_SIDE = 74
#: Lines the picture may take, so that it and its first digit fit one screen.
_LINES = 20
#: Columns of a probability's bar.
_BAR = 30
#: Columns that a probability's line has beside its bar: indentation, label and percentage.
_BESIDE_BAR = 13
#: Places in the ten probabilities' percentages: the smaller ones are what one looks at here.
_PLACES = 2


@dataclass(frozen=True)
class _Found:
    """A file as bytes, its rows in the ledger, why the ledger could not be asked, and why the file is out of reach.

    `machine` has what the machine says of those rows that show what a person says.
    """

    file: bytes
    rows: list[Result]
    machine: list[Result] = field(default_factory=list)
    trouble: str | None = None
    away: str | None = None


def show(settings: Settings, path: Path) -> None:
    """Draw the image at `path`, a file or a path in the watched folder, and read it here and now.

    Raises CommandFailed if it can't be read, ModelMissing or ContractMismatch.
    """
    console = stdout()
    found = _find(settings, path)
    try:
        picture = open_image(found.file)
    except UnreadableImage as error:
        _print_ledger(console, found)
        raise CommandFailed(f"{_name(found.file)} can't be read: {found.away or reason_of(error)}") from error
    model = load_active(settings)
    prepared = reader.prepared(picture)
    reading = reader.read([prepared], model)[0]
    canvas = Canvas(console)
    _print_picture(console, canvas, found, picture.gray, reading, dark_on_light=prepared.dark_on_light)
    _print_reading(console, reading, model.card)
    _print_ledger(console, found)
    for number, digit in enumerate(reading.digits, 1):
        _print_digit(console, canvas, digit, f"digit {number} of {len(reading.digits)}")


def _find(settings: Settings, path: Path) -> _Found:
    """Find the file at `path`, else in the watched folder, else that of a row; and the rows of this very file."""
    named = [os.fsencode(path), os.fsencode(settings.folder / path)]
    file = next(filter(may_be_there, named), None)
    try:
        with opened(settings.database_url) as database:
            rows, ledger = rows_named(database, settings.folder, path), database.url
            machine = by_machine(database, [row.id for row in rows if row.source is Source.PERSON])
    except NotMigrated:
        return _Found(file or named[0], [], trouble="there is no ledger yet")
    except LedgerError as error:
        return _Found(file or named[0], [], trouble=str(error))
    if file is None:
        file, away = _of_rows(rows, ledger)
        if file is None or not may_be_there(file):
            return _Found(file or named[0], rows, machine, away=away)
    here, machine_here = ([row for row in some if is_at(row, file, ledger)] for some in (rows, machine))
    return _Found(file, here, machine_here)


def _of_rows(rows: Sequence[Result], ledger: URL) -> tuple[bytes | None, str | None]:
    """Give the first row's file that is there, else the last one's, and why one of them is out of reach."""
    file = away = None
    for row in rows:
        try:
            file = file_of(row, ledger)
        except OutOfReach as error:
            away = str(error)
        else:
            if may_be_there(file):
                return file, None
    return file, away


def _name(file: bytes) -> str:
    return printable(to_text(file))


def _print_picture(  # noqa: PLR0913 - what there is to see of a picture
    console: Console, canvas: Canvas, found: _Found, gray: Gray, reading: Reading, *, dark_on_light: bool
) -> None:
    height, width = gray.shape
    ink = "dark on light" if dark_on_light else "light on dark"
    facts = f"{width} x {height} pixels, {ink}, {plural(len(reading.digits), 'digit')} found"
    boxes = [digit.box for digit in reading.digits] if len(reading.digits) > 1 else []
    console.print(Text(_name(found.file), style="bold"), soft_wrap=True)
    console.print(Text(facts, style="dim"))
    _print_lines(
        console,
        canvas.picture(
            gray,
            width=max(1, min(_WIDTH, console.width) - 2),
            lines=_LINES,
            boxes=boxes,
            ink_is_dark=dark_on_light,
        ),
    )


def _print_lines(console: Console, lines: Sequence[Text]) -> None:
    for line in lines:
        line.rstrip()  # only the plain ones end in spaces
        console.print(Text("  ").append_text(line))


def _print_reading(console: Console, reading: Reading, card: Card) -> None:
    by = f"model {card.version} ({card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right)"
    confidence = reading.confidence if reading.text else None
    console.print(_answer("now", reading.text, confidence, reading.verdict.value, by))
    _print_below(console, written_words(reading.text, reading.written), reading.reason)


def _print_ledger(console: Console, found: _Found) -> None:
    if found.trouble or not found.rows:
        console.print(Text(f"ledger  {printable(found.trouble or 'it has no row for this file')}", style="dim"))
    for row in found.rows:
        _print_row(console, "ledger", row)
    for row in found.machine:
        _print_row(console, "machine", row)


def _print_row(console: Console, origin: str, row: Result) -> None:
    machine = row.source is Source.MACHINE
    by = [f"model {row.model_version}"] if machine and row.model_version is not None else []
    at = [local_time(row.recognized_ms)] if machine and row.recognized_ms is not None else []
    confidence = row.confidence if row.reading else None
    console.print(_answer(origin, row.reading or "", confidence, row.status.value, ", ".join(by + at)))
    _print_below(console, written_words(row.reading, row.written), row.reason)


def _answer(origin: str, reading: str, confidence: float | None, status: str, by: str) -> Text:
    parts = ((f"{origin:<8}", "dim"), (reading, "bold"), "  " if reading else "")
    known = (percent(confidence), "  " if reading else "", (status, COLOURS[status]), (f"  {by}" if by else "", "dim"))
    return Text.assemble(*parts, *known)


def _print_below(console: Console, *lines: str | None) -> None:
    for line in filter(None, lines):
        console.print(Text(f"{'':<8}{printable(line)}"))


def _print_digit(console: Console, canvas: Canvas, digit: Digit, title: str) -> None:
    console.print()
    seen = canvas.picture(digit.crop, width=SIDE, lines=SIDE // 2, ink_is_dark=False)
    if console.width < _SIDE_BY_SIDE:
        _print_lines(console, [*seen, *_facts(canvas, digit, title, max(1, min(_BAR, console.width - _BESIDE_BAR)))])
        return
    for left, right in zip_longest(seen, _facts(canvas, digit, title, _BAR), fillvalue=Text()):
        line = Text("  ").append_text(left).append("   ").append_text(right)
        line.rstrip()
        console.print(line)


def _facts(canvas: Canvas, digit: Digit, title: str, bar_width: int) -> list[Text]:
    box = digit.box
    lines = [
        Text.assemble(f"{title}: ", (str(digit.label), "bold"), f"  {percent(digit.confidence, _PLACES)}"),
        Text(f"{box.width} x {box.height} pixels at {box.left}, {box.top}", style="dim"),
        Text(),
    ]
    for label, probability in enumerate(digit.probabilities):
        style = "bold green" if label == digit.label else ""
        bar = f"{canvas.bar(probability, bar_width):<{bar_width}}"
        lines.append(Text(f"{label} {bar} {percent(probability, _PLACES):>7}", style=style))
    return lines
