"""List the published models with their figures, and choose the one that reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from presentation.text import duration, percent, printable, say, stdout
from recognizer.contract import Card, CoveragePoint, read_card, verify_files
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.versions import active_card, active_version, all_versions, folder_of, model_dirs
from trainer.publish import activate

_COLUMNS = (
    "", "version", "network", "MNIST", "numbers", "weights", "temp.", "accepts", "rejects", "trained", "took", "files",
)  # fmt: skip
_RIGHT = {"version", "MNIST", "numbers", "weights", "temp.", "accepts", "rejects", "took"}
#: Columns for the table where standard output is no terminal: more than it needs.
_PLAIN_WIDTH = 200
#: Columns of a figure's name where each figure has its own line.
_NAME = 10
#: Columns of a terminal from which times are written in full.
_WIDE = 96


@dataclass(frozen=True)
class _Version:
    """A published version: its card if that can be read, and what is wrong with it if anything is."""

    number: int
    card: Card | None
    trouble: str | None


def show_models(model_dir: Path) -> None:
    """Print a table of all versions, the oldest first, with the active one marked. Read-only."""
    versions = [_inspected(model_dir, number) for number in all_versions(model_dir)]
    active, trouble = _active(model_dir)
    if not versions:
        say(
            f"There is no model in {printable(str(model_dir))} yet: `digits run` or `digits train` makes one.",
            error=True,
        )
        return
    console = stdout()
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    _print_table(console, _table(versions, active, wide=console.width >= _WIDE))
    for version in versions:
        if version.trouble:
            console.print(
                Text(f"version {version.number}: {printable(version.trouble)}", "red"),
                soft_wrap=not console.is_terminal,
            )
    if trouble:
        console.print(Text(printable(trouble), "yellow"), soft_wrap=not console.is_terminal)
    if newer := _newer_shipped(model_dir):
        console.print(
            f"Version {newer}, which came with this release, is newer: `digits models activate {newer}` lets it read.",
            soft_wrap=True,
        )
    for version in versions:
        if version.number == active and version.card and version.card.coverage:
            console.print()
            console.print(f"What version {active} makes of held-out digits, by the confidence asked for:")
            console.print(_coverage(version.card.coverage))
            if version.card.numbers:
                console.print()
                console.print("The same of made-up numbers:")
                console.print(_coverage(version.card.numbers.coverage))


def activate_model(model_dir: Path, version: int) -> None:
    """Let a version read from now on. Raises ModelMissing, ContractMismatch or PublishFailed."""
    card = activate(model_dir, version)
    figures = f"{card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right"
    say(f"Version {card.version} reads from now on ({figures}).")


def _inspected(model_dir: Path, number: int) -> _Version:
    folder, card = folder_of(model_dir, number), None
    try:
        card = read_card(folder)
        verify_files(card, folder)
    except (ContractMismatch, ModelMissing) as error:
        return _Version(number, card, str(error))
    return _Version(number, card, None)


def _active(model_dir: Path) -> tuple[int | None, str | None]:
    try:
        active = active_version(model_dir)
    except ModelMissing as error:
        return None, str(error)
    if active not in all_versions(model_dir):
        return active, f"version {active} is named as the active one, but it is not there"
    return active, None


def _newer_shipped(model_dir: Path) -> int | None:
    """Give the shipped version if it is younger than the active one, which an upgrade leaves as it is."""
    _, shipped = model_dirs(model_dir)
    try:
        newest, active = active_card(shipped), active_card(model_dir)
    except (ContractMismatch, ModelMissing):
        return None
    return newest.version if newest.created_at > active.created_at else None


def _table(versions: list[_Version], active: int | None, *, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=True)
    for version in versions:
        mark = Text("*", "bold green") if version.number == active else Text("")
        files = Text("whole", "green") if version.trouble is None else Text("refused", "red")
        table.add_row(mark, Text(str(version.number)), *map(Text, _figures(version.card, wide=wide)), files)
    return table


def _print_table(console: Console, table: Table) -> None:
    """Print a table; where the terminal is too narrow for it, each row as lines of name and value."""
    if console.measure(table, options=console.options.update(width=_PLAIN_WIDTH)).maximum <= console.width:
        console.print(table)
        return
    names = [str(column.header) or "active" for column in table.columns]
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for name, cell in zip(names, row, strict=True):
            if str(cell):
                console.print(Text.assemble((f"{name:<{_NAME}}", "dim"), str(cell)))
        console.print()


def _figures(card: Card | None, *, wide: bool) -> tuple[str, ...]:
    if card is None:
        return ("",) * 9
    seconds = card.training_seconds + (card.numbers.training_seconds if card.numbers else 0.0)
    return (
        printable(card.architecture),
        percent(card.mnist_accuracy, 2),
        percent(card.numbers.numbers_right if card.numbers else None),
        f"{card.parameters + (card.numbers.parameters if card.numbers else 0):,}",
        f"{card.temperature:.2f}",
        f"{card.accept_threshold:.3f}",
        f"{card.reject_threshold:.3f}",
        _moment(card.created_at, wide=wide),
        duration(seconds if wide else max(1, round(seconds / 60)) * 60),
    )


def _coverage(points: Sequence[CoveragePoint]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name in ("at least", "accepted", "of those wrong"):
        table.add_column(name, justify="right")
    for point in points:
        table.add_row(percent(point.threshold), percent(point.coverage, 2), percent(point.error, 2))
    return table


def _moment(text: str, *, wide: bool) -> str:
    try:
        moment = datetime.fromisoformat(text).astimezone()
    except ValueError:
        return printable(text)
    return f"{moment:%Y-%m-%d %H:%M}" if wide else f"{moment:%Y-%m-%d}"
