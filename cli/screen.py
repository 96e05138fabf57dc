"""What `digits run` shows: readings as they come, one line of progress below them, the summary at the end."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live
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

from cli.text import COLOURS, percent, printable
from db.queries import Balance, Result

#: Rows in the table after `--once`; more are better asked for with `digits results`.
SUMMARY_ROWS = 40
#: Seconds between two counts of the whole ledger.
STANDING_SECONDS = 1.0


class Screen:
    """The terminal of one run. Where it is none, only what stays is written: readings, summary."""

    def __init__(self, folder: Path, *, live: bool) -> None:
        self._console = Console(highlight=False)
        self._folder = printable(str(folder))
        self._standing = Live(console=self._console, refresh_per_second=4, transient=True)
        self._next_standing = 0.0
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(),
            TimeRemainingColumn(compact=True), console=self._console, transient=True,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._last_plain = ""
        self._trouble: str | None = None
        if live:
            self._say(f"Watching {self._folder}. Drop images there; Ctrl-C ends.")
        if self._console.is_terminal:
            (self._standing if live else self._progress).start()

    def _say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def reading(self, result: Result) -> None:
        """Print one answer: time, reading, confidence, status, path, reason."""
        self._console.print(_line(result), soft_wrap=True)
        sys.stdout.flush()

    def standing(self, balance: Callable[[], Balance], doing: str) -> None:
        """Keep the line at the bottom up to date; counts only about once a second."""
        if time.monotonic() < self._next_standing:
            return
        self._next_standing = time.monotonic() + STANDING_SECONDS
        if self._console.is_terminal:
            self._standing.update(
                Text.assemble(_counts(balance()), (f"   {doing}", "dim"), no_wrap=True, overflow="ellipsis")
            )
        elif doing.startswith("training") and doing != self._last_plain:
            self._last_plain = doing
            self._say(doing)

    def progress(self, done: int, total: int, doing: str) -> None:
        """Move the bar of `--once`."""
        if self._task is None:
            self._task = self._progress.add_task("", total=None)
        self._progress.update(self._task, completed=done, total=total or None, description=printable(doing))

    def summary(self, shown: list[Result], new: int, balance: Balance, *, unfinished: list[Path]) -> None:
        """Print the table of readings and the balance."""
        if not new:
            self._say("Nothing new to read." if shown else f"There are no files in {self._folder}.")
        if shown:
            self._console.print(_table(shown[:SUMMARY_ROWS]))
        if len(shown) > SUMMARY_ROWS:
            self._say(f"... and {len(shown) - SUMMARY_ROWS:,} more: digits results")
        for path in unfinished:
            self._say(f"{printable(str(path))} is still being written and was left for the next run.")
        self._console.print(_counts(balance), soft_wrap=True)
        if balance.queued:
            self._say(f"{balance.queued:,} still queued: the next `digits run` goes on with them.")

    def trouble(self, why: str | None) -> None:
        """Tell once that something is out of reach, and once that it is back."""
        if why and not self._trouble:
            self._say(f"{why}; waiting for it.")
        elif self._trouble and not why:
            self._say("It is back.")
        self._trouble = why

    def ending(self) -> None:
        """Tell that the parts are finishing what they have in hand."""
        self.close()
        self._say("Ending: the chunk in hand is finished first.")

    def close(self) -> None:
        """Give the terminal back. Safe to call twice."""
        if self._console.is_terminal:
            self._standing.stop()
            self._progress.stop()


def _line(result: Result) -> Text:
    when = time.strftime("%H:%M:%S", time.localtime((result.recognized_ms or 0) / 1000))
    return Text.assemble(
        (when, "dim"),
        "  ",
        (f"{result.reading or '-':<6}", "bold"),
        f" {percent(result.confidence):>6}  ",
        (f"{result.status:<8}", COLOURS[result.status]),
        f"  {printable(result.path)}",
        (f"  ({printable(result.reason)})" if result.reason else "", "dim"),
    )


def _table(results: list[Result]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("reading", style="bold", no_wrap=True)
    table.add_column("confidence", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("file", overflow="fold", ratio=3)
    table.add_column("reason", style="dim", overflow="fold", ratio=4)
    for one in results:
        table.add_row(
            Text(one.reading or "-"),
            percent(one.confidence),
            Text(one.status, COLOURS[one.status]),
            Text(printable(one.path)),
            Text(printable(one.reason or "")),
        )
    return table


def _counts(balance: Balance) -> Text:
    counts = [(f"{count:,} {status}", COLOURS[status]) for status, count in balance.by_status.items() if count]
    text = Text(f"{balance.seen:,} {'file' if balance.seen == 1 else 'files'}")
    for number, count in enumerate(counts):
        text.append(" = " if number == 0 else " + ")
        text.append(*count)
    return text if balance.closes else text.append("  THE BALANCE DOES NOT CLOSE", "bold red")
