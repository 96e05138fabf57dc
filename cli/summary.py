"""What `digits run --once` shows: a progress bar while it reads, then the table of readings and the balance."""

import sys
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from cli.lines import Lines
from db.queries import Balance, Result
from presentation.text import COLOURS, percent, plural, printable, say, tolerant, written_words

#: Rows in the table; more are better asked for with `digits results`.
TABLE_ROWS = 40
#: Share of the screen's width that a file name may take before it is broken in two.
_WHOLE_NAMES = 0.375
#: Columns that a name, and a reason, need at the least.
_LEAST_PROSE = 12


class Summary:
    """The terminal of `digits run --once`. Where it is none, there is no bar."""

    def __init__(self, folder: Path) -> None:
        self._console = Console(file=tolerant(sys.stdout), highlight=False)
        self._folder = printable(str(folder))
        self._trouble: str | None = None
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn())
        self._bar = Progress(*columns, TimeRemainingColumn(compact=True), console=self._console, transient=True)
        self._task: TaskID = self._bar.add_task("", total=None)
        if self._console.is_terminal:
            self._bar.start()

    def progress(self, done: int, total: int, doing: str) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total or None, description=printable(doing))

    def trouble(self, why: str | None) -> None:
        """Tell once on standard error that something is out of reach."""
        if why and not self._trouble:
            say(f"{printable(why)}; waiting for it.", error=True)
        self._trouble = why

    def show(self, results: list[Result], *, total: int, new: bool, balance: Balance, unfinished: list[Path]) -> None:
        """Print the first of `total` results, files left for the next run, and the balance of the whole ledger."""
        self.close()
        if not new:
            self._say("Nothing new to read." if results else f"There are no files in {self._folder}.")
        if results and _narrowest(results) <= self._console.width:
            self._console.print(_table(results, self._console.width))
        else:
            lines = Lines(self._console)
            self._console.file.writelines(lines.reading(one, "") for one in results)
        if total > len(results):
            self._say(f"... and {total - len(results):,} more: digits results")
        for path in unfinished:
            self._say(f"{printable(str(path))} is still being written and was left for the next run.")
        self._console.print(counts(balance), soft_wrap=True)
        if balance.waiting:
            self._say(f"{balance.waiting:,} still queued: the next `digits run` reads them.")

    def close(self) -> None:
        """Take the bar away. Safe to call twice."""
        if self._console.is_terminal:
            self._bar.stop()

    def _say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)


def _narrowest(results: list[Result]) -> int:
    """Give the width below which the table would break a number."""
    longest = max(cell_len(one.reading or "") + 2 + cell_len(printable(one.written or "")) for one in results)
    return longest + len("  confidence  accepted  ") + 2 * _LEAST_PROSE + 2


def _table(results: list[Result], width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("reading", style="bold", no_wrap=True)
    written = any(written_words(one.reading, one.written) for one in results)
    if written:
        table.add_column("written", style="bold", no_wrap=True)
    table.add_column("confidence", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    longest = max((cell_len(printable(one.path)) for one in results), default=0)
    table.add_column("file", overflow="fold", no_wrap=longest <= width * _WHOLE_NAMES)
    table.add_column("reason", style="dim", overflow="fold")
    for one in results:
        table.add_row(
            Text(one.reading or "-"),
            *([Text(printable(one.written or "-"))] if written else []),
            percent(one.confidence),
            Text(one.status, COLOURS[one.status]),
            Text(printable(one.path)),
            Text(printable(one.reason or "")),
        )
    return table


def short_counts(balance: Balance) -> Text:
    """Write how much is done where there is little room: `20 files`, `17 of 20 files`."""
    done = f"{balance.seen - balance.waiting:,} of " if balance.waiting else ""
    return Text(f"{done}{plural(balance.seen, 'file')}")


def counts(balance: Balance) -> Text:
    """Write the balance as a sum: `20 files = 18 accepted + 2 review`."""
    parts = [(f"{count:,} {status}", COLOURS[status]) for status, count in balance.by_status.items() if count]
    text = Text(plural(balance.seen, "file"))
    for number, part in enumerate(parts):
        text.append(" = " if number == 0 else " + ")
        text.append(*part)
    return text if balance.closes else text.append("  THE BALANCE DOES NOT CLOSE", "bold red")
