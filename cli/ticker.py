"""Readings as they come, a line each, above one line that says how things stand."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.lines import Lines, prose
from cli.summary import counts, short_counts
from db.queries import Balance, Result
from presentation.text import printable, shortened, tolerant

#: Seconds between two counts of the whole ledger.
STANDING_SECONDS = 1.0
#: Back to the line's start, and nothing left on it (ECMA-48: CR, EL).
_CLEAR_LINE = "\r\x1b[2K"


class Ticker:
    """The terminal of `digits run`. Where it is none, only the readings and what must be known are written."""

    def __init__(self, folder: Path) -> None:
        self._console = Console(file=tolerant(sys.stdout), highlight=False)
        self._lines = Lines(self._console)
        self._bottom = ""
        self._next_standing = 0.0
        self._training = ""
        self._trouble: str | None = None
        self._stopped: str | None = None
        where = (("Watching", "", 0), (f"{printable(str(folder.absolute()))}.", "", 1))
        rest = prose("Drop images there. `digits results` lists the readings, Ctrl-C ends.", gap=1)
        self._write(self._lines.flowed([*where, *rest]))

    def readings(self, results: list[Result]) -> None:
        """Print answers, a line each."""
        if results:
            self._write("".join(self._lines.reading(result, _clock(result)) for result in results))

    def standing(self, balance: Callable[[], Balance], doing: str) -> None:
        """Keep the line at the bottom up to date; counts only about once a second."""
        if time.monotonic() < self._next_standing:
            return
        self._next_standing = time.monotonic() + STANDING_SECONDS
        doing = printable(doing)  # it comes from Redis, to which others may write
        if self._console.is_terminal:
            self._bottom = self._rendered(_fitted(balance(), doing, self._console.width - 1))
            self._write("")
        elif doing.startswith("training") and doing != self._training:
            self._training = doing
            self._tell(doing)

    def trouble(self, why: str | None) -> None:
        """Tell once that something is out of reach, and once that it is back."""
        if why and not self._trouble:
            self._tell(f"{printable(why)}; waiting for it.")
        elif self._trouble and not why:
            self._tell("It is back.")
        self._trouble = why

    def news(self, sentences: list[str]) -> None:
        """Print what happened, once."""
        for sentence in sentences:
            self._tell(printable(sentence))

    def stopped(self, why: str | None) -> None:
        """Tell once that nothing is read any more, and once that reading goes on."""
        if why and not self._stopped:
            self._tell(f"{printable(why)}.")
        elif self._stopped and not why:
            self._tell("Reading goes on.")
        self._stopped = why

    def close(self) -> None:
        """Give the terminal back and tell what is going on meanwhile."""
        self._bottom = ""
        self._tell("Ending: the current chunk is finished first.")

    def _tell(self, sentence: str) -> None:
        self._write(self._lines.flowed(list(prose(sentence))))

    def _write(self, lines: str) -> None:
        clear = _CLEAR_LINE if self._console.is_terminal else ""
        sys.stdout.write(f"{clear}{lines}{self._bottom}")
        sys.stdout.flush()

    def _rendered(self, text: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(text, end="", soft_wrap=True)
        return captured.get()


def _clock(result: Result) -> str:
    return time.strftime("%H:%M:%S", time.localtime((result.recognized_ms or 0) / 1000))


def _fitted(balance: Balance, doing: str, width: int) -> Text:
    """Say how things stand as fully as one line can. What is done now is at its end, and the counts are cut first."""
    end = Text(f"   {doing}", "dim")
    for start in (counts(balance), short_counts(balance), Text()):
        line = (start + end) if start else Text(doing, "dim")
        if line.cell_len <= width:
            return line
    return Text(shortened(doing, width), "dim")
