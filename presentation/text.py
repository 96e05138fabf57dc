"""Write names, numbers and times for people, so that no file name can play tricks on a terminal or a page."""

import math
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len

from terminal import printable as printable  # noqa: PLC0414 - shown beside the others, needed below this room too

if TYPE_CHECKING:
    from rich.console import Console

#: One colour a status (db.tables.Status), the same in every view.
COLOURS = {"queued": "blue", "accepted": "green", "review": "yellow", "rejected": "magenta", "failed": "red"}
#: Units of an age with their seconds, largest first.
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def shortened(text: str, width: int) -> str:
    """Cut the middle out of a text that takes more than `width` columns; both ends of a path tell most."""
    if cell_len(text) <= width:
        return text
    head, tail = "", ""
    for near, far in zip(text, reversed(text), strict=True):
        if cell_len(head + near + tail) > width - 1:
            break
        head += near
        if cell_len(head + far + tail) > width - 1:
            break
        tail = far + tail
    return f"{head}…{tail}"


def padded(text: str, width: int) -> str:
    """Fill a text up to `width` columns with spaces; wide characters count as the two columns they take."""
    return text + " " * (width - cell_len(text))


def percent(share: float | None, places: int = 1) -> str:
    """Write a share of 1, rounded down: only what is certain reads 100%. None gives nothing."""
    if share is None:
        return ""
    scale = 10**places
    return f"{math.floor(share * 100 * scale + 1e-5) / scale:.{places}f}%"


def written_words(reading: str | None, written: str | None) -> str:
    """Tell how a number is written where that differs from its digits: `written 12.5`. Else give nothing."""
    return f"written {printable(written)}" if written and written != reading else ""


def plural(count: int, noun: str) -> str:
    """Write a number and its noun: `1 file`, `1,200 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Write a length of time in its two largest units: `45 s`, `3 min 20 s`, `2 d 4 h`; at least `1 s`."""
    rest = max(1, round(seconds))
    shown: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            shown.append(f"{count} {unit}")
        elif shown:
            break
    return " ".join(shown[:2])


def local_time(ms: int) -> str:
    """Write a moment (milliseconds since 1970) in local time, to the second."""
    return f"{datetime.fromtimestamp(ms / 1000).astimezone():%Y-%m-%d %H:%M:%S}"


def iso_utc(ms: int) -> str:
    """Write a moment (milliseconds since 1970) as the `results` view does: 2026-11-22T16:04:05.123Z."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def tolerant(stream: TextIO) -> TextIO:
    """Let a stream escape what its encoding lacks instead of failing; gives the stream."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
    return stream


def say(line: str, *, error: bool = False) -> None:
    """Write one line to standard output, or to standard error."""
    tolerant(sys.stderr if error else sys.stdout).write(f"{line}\n")


def stdout() -> "Console":
    """Give a rich console for standard output that colours nothing on its own and can write every name."""
    from rich.console import Console  # noqa: PLC0415 - programs that want CSV or JSON have no use for it

    return Console(file=tolerant(sys.stdout), highlight=False)
