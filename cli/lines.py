"""Write a reading as one line. A narrow terminal gets several, broken between words only."""

from collections.abc import Iterator, Sequence
from functools import cache

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from db.queries import Result
from presentation.text import COLOURS, percent, printable, written_words

#: A text, its style, and the spaces before it.
_Word = tuple[str, str, int]
#: Columns a reading and a status are filled up to, so that what follows stands below each other.
_READING, _STATUS = 6, 8
#: Spaces with which a line begins that continues another one.
_INDENT = 2


class Lines:
    """Writes readings for one console, in its colours and in the width it has at that moment.

    Thousands of readings may come in a second. So rich, which takes longer over a line than the reader over its
    picture, gives only the codes of the colours.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._codes = cache(self._find_codes)

    def reading(self, result: Result, when: str) -> str:
        """Write time, reading, confidence, status, path, the number as written if that differs, and the reason."""
        return self.flowed(list(_words(result, when)))

    def flowed(self, words: Sequence[_Word]) -> str:
        """Write words in one line, or in as many as the terminal needs; the last one is ended too."""
        width = self._console.width if self._console.is_terminal else None
        if width is None or sum(cell_len(text) + gap for text, _, gap in words) <= width:
            return "".join(f"{' ' * gap}{self._styled(text, style)}" for text, style, gap in words).rstrip(" ") + "\n"
        return self._broken(words, width)

    def _broken(self, words: Sequence[_Word], width: int) -> str:
        lines, used = [""], 0
        for padded, style, gap in (piece for word in words for piece in _pieces(word, width)):
            text = padded.strip()
            if used and used + gap + cell_len(text) > width:
                lines.append("")
                used = 0
            before = gap if used else (_INDENT if len(lines) > 1 else 0)
            shown = padded if used + before + cell_len(padded) <= width else text
            lines[-1] += " " * before + self._styled(shown, style)
            used += before + cell_len(shown)
        return "".join(f"{line.rstrip()}\n" for line in lines)

    def _styled(self, text: str, style: str) -> str:
        before, after = self._codes(style)
        return f"{before}{text}{after}" if text else ""

    def _find_codes(self, style: str) -> tuple[str, str]:
        with self._console.capture() as captured:
            self._console.print(Text("|", style), end="", soft_wrap=True)
        before, _, after = captured.get().partition("|")
        return before, after


def _pieces(word: _Word, width: int) -> Iterator[_Word]:
    """Give a word as it is. A name with spaces that no line has room for is broken there."""
    padded, style, gap = word
    if cell_len(padded.strip()) + _INDENT <= width:
        yield word
    else:
        yield from prose(padded, style, gap=gap)


def _words(result: Result, when: str) -> Iterator[_Word]:
    yield when, "dim", 0
    yield f"{result.reading or '-':<{_READING}}", "bold", 2
    yield f"{percent(result.confidence):>6}", "", 1
    yield f"{result.status:<{_STATUS}}", COLOURS[result.status], 2
    yield printable(result.path), "", 2
    yield from prose(remark(result.reading, result.written, result.reason), "dim", gap=2)


def remark(reading: str | None, written: str | None, reason: str | None) -> str:
    """Put in brackets how a number is written, if that differs from its digits, and the reason."""
    words = ", ".join(filter(None, (written_words(reading, written), printable(reason or ""))))
    return f"({words})" if words else ""


def prose(text: str, style: str = "", *, gap: int = 0) -> Iterator[_Word]:
    """Give the words of a sentence, `gap` spaces before the first."""
    for number, word in enumerate(text.split()):
        yield word, style, 1 if number else gap
