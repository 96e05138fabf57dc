"""Put marks into reading order, and write down what they say."""

import statistics
from collections.abc import Sequence

from recognizer.marks import Mark
from recognizer.symbols import CHARACTERS, Symbol

#: Distance between the middles of two digits, in heights of a digit, up to which they stand in one row.
_SAME_ROW = 0.6
#: The same for a sign, which may hang below the row or rise above it.
_SIGN_S_ROW = 0.9
#: Free space between two marks, in heights of a digit, from which a gap divides two numbers.
_WIDE_GAP = 1.0


def in_rows(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Give the rows from the top, each from the left."""
    height = usual_height(marks)
    rows: list[list[Mark]] = []
    large = [mark for mark in marks if not _is_sign(mark)]
    for mark in sorted(large, key=lambda mark: mark.y):
        near = [row for row in rows if abs(_middle(row, mark.x) - mark.y) < _SAME_ROW * height]
        if near:
            near[-1].append(mark)
        else:
            rows.append([mark])
    for mark in (mark for mark in marks if _is_sign(mark)):
        near = sorted(rows, key=lambda row: abs(_middle(row, mark.x) - mark.y))
        if near and abs(_middle(near[0], mark.x) - mark.y) < _SIGN_S_ROW * height:
            near[0].append(mark)
        else:
            rows.append([mark])
    rows.sort(key=lambda row: statistics.fmean(mark.y for mark in row))
    return [sorted(row, key=lambda mark: mark.x) for row in rows]


def written(rows: Sequence[Sequence[Mark]]) -> str:
    """Write the rows down: digits and signs as they stand, a space for a wide gap and between two rows."""
    height = usual_height([mark for row in rows for mark in row])
    lines = []
    for row in rows:
        line = ""
        for number, mark in enumerate(row):
            if number and mark.bounds[0] - row[number - 1].bounds[2] > _WIDE_GAP * height:
                line += " "
            line += CHARACTERS[mark.symbol] if mark.symbol < Symbol.OTHER else ""
        lines.append(line)
    return " ".join(" ".join(lines).split())


def usual_height(marks: Sequence[Mark]) -> float:
    """Give the median height of the digits, or of what else there is as large; 0 without marks."""
    heights = [mark.height for mark in marks if mark.is_digit] or [mark.height for mark in marks]
    return statistics.median(heights) if heights else 0.0


def _is_sign(mark: Mark) -> bool:
    return Symbol.POINT <= mark.symbol < Symbol.OTHER


def _middle(row: Sequence[Mark], x: float) -> float:
    """Give where a row's middle is near `x`: at its nearest mark, as rows run aslant."""
    return min(row, key=lambda mark: abs(mark.x - x)).y
