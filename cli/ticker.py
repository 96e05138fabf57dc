"""Readings as they come, a line each, above one line that says how things stand."""

import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.summary import counts
from db.queries import Balance, Result
from presentation.text import COLOURS, percent, printable, tolerant, written_words

#: Seconds between two counts of the whole ledger.
STANDING_SECONDS = 1.0
#: Back to the line's start, and nothing left on it (ECMA-48: CR, EL).
_CLEAR_LINE = "\r\x1b[2K"


class Ticker:
    """The terminal of `digits run`. Where it is none, only the readings and what must be known are written.

    Thousands of readings may come in a second, so their lines are put together here and not by rich, which takes
    longer over a line than the reader over its picture.
    """

    def __init__(self, folder: Path) -> None:
        self._console = Console(file=tolerant(sys.stdout), highlight=False)
        self._codes = cache(self._find_codes)
        self._bottom = ""
        self._next_standing = 0.0
        self._training = ""
        self._trouble: str | None = None
        self._stopped: str | None = None
        self._write(f"Watching {printable(str(folder))}. Drop images there; Ctrl-C ends.\n")

    def readings(self, results: list[Result]) -> None:
        """Print answers: time, reading, confidence, status, path, what is written if that differs, reason."""
        if results:
            self._write("".join(map(self._line, results)))

    def standing(self, balance: Callable[[], Balance], doing: str) -> None:
        """Keep the line at the bottom up to date; counts only about once a second."""
        if time.monotonic() < self._next_standing:
            return
        self._next_standing = time.monotonic() + STANDING_SECONDS
        if self._console.is_terminal:
            text = Text.assemble(counts(balance()), (f"   {doing}", "dim"), no_wrap=True, overflow="ellipsis")
            text.truncate(self._console.width - 1, overflow="ellipsis")
            self._bottom = self._rendered(text)
            self._write("")
        elif doing.startswith("training") and doing != self._training:
            self._training = doing
            self._write(f"{doing}\n")

    def trouble(self, why: str | None) -> None:
        """Tell once that something is out of reach, and once that it is back."""
        if why and not self._trouble:
            self._write(f"{printable(why)}; waiting for it.\n")
        elif self._trouble and not why:
            self._write("It is back.\n")
        self._trouble = why

    def news(self, sentences: list[str]) -> None:
        """Print what happened, once."""
        for sentence in sentences:
            self._write(f"{printable(sentence)}\n")

    def stopped(self, why: str | None) -> None:
        """Tell once that nothing is read any more, and once that reading goes on."""
        if why and not self._stopped:
            self._write(f"{why}.\n")
        elif self._stopped and not why:
            self._write("Reading goes on.\n")
        self._stopped = why

    def close(self) -> None:
        """Give the terminal back and tell what is going on meanwhile."""
        self._bottom = ""
        self._write("Ending: the current chunk is finished first.\n")

    def _write(self, lines: str) -> None:
        clear = _CLEAR_LINE if self._console.is_terminal else ""
        sys.stdout.write(f"{clear}{lines}{self._bottom}")
        sys.stdout.flush()

    def _line(self, result: Result) -> str:
        when = time.strftime("%H:%M:%S", time.localtime((result.recognized_ms or 0) / 1000))
        reading = f"{result.reading or '-':<6}"
        words = (written_words(result.reading, result.written), printable(result.reason or ""))
        remark = f"  ({', '.join(filter(None, words))})" if any(words) else ""
        return (
            f"{self._styled(when, 'dim')}  {self._styled(reading, 'bold')}"
            f" {percent(result.confidence):>6}  {self._styled(f'{result.status:<8}', COLOURS[result.status])}"
            f"  {printable(result.path)}{self._styled(remark, 'dim')}\n"
        )

    def _styled(self, text: str, style: str) -> str:
        before, after = self._codes(style)
        return f"{before}{text}{after}" if text else ""

    def _find_codes(self, style: str) -> tuple[str, str]:
        before, _, after = self._rendered(Text("|", style)).partition("|")
        return before, after

    def _rendered(self, text: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(text, end="", soft_wrap=True)
        return captured.get()
