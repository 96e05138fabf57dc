"""Draw a training's curve and its confusions as PNG pictures, with OpenCV alone."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.contract import CLASSES
from recognizer.opencv import cv2
from trainer.evaluate import Counts
from trainer.fit import History

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point = tuple[int, int]

#: Blue, green, red, as OpenCV wants them. The two hues stay apart for colour-blind eyes too.
INK: Colour = (60, 50, 45)
FAINT: Colour = (150, 140, 132)
GRID: Colour = (236, 232, 228)
TRAINED: Colour = (60, 140, 240)
HELD: Colour = (170, 100, 30)
WRONG: Colour = (60, 70, 215)
WHITE = 255

#: Pixels of the pictures and their parts.
PANEL_WIDTH, PANEL_HEIGHT = 520, 360
LEFT, RIGHT, TOP, BOTTOM = 74, 24, 64, 50
CELL = 52
TABLE_LEFT, TABLE_TOP = 76, 104
TITLE, LABEL, SMALL = 19, 15, 13
#: Bits of a coordinate's fraction: OpenCV then draws lines between pixels.
_FRACTION = 4
#: Grid lines in a panel, about.
_TICKS = 5


def draw_curve(history: History, path: Path) -> None:
    """Draw error rate and loss for each epoch, trained and held out, side by side into the PNG file `path`."""
    errors = [[100 * (1 - value) for value in values] for values in (history.accuracy, history.held_accuracy)]
    panels = [
        _panel("Wrong digits, %", errors[0], errors[1]),
        _panel("Loss", history.loss, history.held_loss),
    ]
    _save(np.concatenate(panels, axis=1), path)


def draw_confusion(counts: Counts, path: Path) -> None:
    """Draw a `(10, 10)` table of readings, true digit by row, into the PNG file `path`."""
    side = CELL * CLASSES
    picture = _blank(TABLE_LEFT + side + 96, TABLE_TOP + side + 40)
    total, right = int(counts.sum()), int(np.trace(counts))
    _write(picture, "What the test digits were read as", (TABLE_LEFT, 34), INK, TITLE, 600)
    summary = f"{right:,} of {total:,} right ({right / max(total, 1):.2%}), {total - right:,} wrong"
    _write(picture, summary, (TABLE_LEFT, 60), FAINT, LABEL)
    _write(picture, "true", (14, TABLE_TOP - 14), FAINT, LABEL)
    _write(picture, "right", (TABLE_LEFT + side + 22, TABLE_TOP - 14), FAINT, LABEL)
    for digit in range(CLASSES):
        _draw_row(picture, counts, digit)
    _save(picture, path)


def _draw_row(picture: Picture, counts: Counts, digit: int) -> None:
    middle = CELL * digit + CELL // 2
    _write_centred(picture, str(digit), (TABLE_LEFT + middle, TABLE_TOP - 20), INK, LABEL, 600)
    _write_centred(picture, str(digit), (TABLE_LEFT - 24, TABLE_TOP + middle), INK, LABEL, 600)
    most_wrong = max(1, int((counts - np.diag(np.diag(counts))).max()))
    for column in range(CLASSES):
        count = int(counts[digit, column])
        shade = 1.0 if column == digit else math.sqrt(count / most_wrong)
        _draw_cell(picture, (digit, column), count, shade)
    share = counts[digit, digit] / max(1, counts[digit].sum())
    _write_centred(picture, f"{share:.1%}", (TABLE_LEFT + CELL * CLASSES + 40, TABLE_TOP + middle), INK, LABEL)


def _draw_cell(picture: Picture, place: Point, count: int, shade: float) -> None:
    row, column = place
    colour = HELD if row == column else WRONG
    strength = 0.85 * shade if count else 0.0
    fill = tuple(round(WHITE - (WHITE - part) * strength) for part in colour) if count else (249, 248, 247)
    corner = (TABLE_LEFT + CELL * column + 1, TABLE_TOP + CELL * row + 1)
    cv2.rectangle(picture, corner, (corner[0] + CELL - 3, corner[1] + CELL - 3), fill, cv2.FILLED)
    if count:
        ink = (WHITE, WHITE, WHITE) if strength > 0.5 else INK  # noqa: PLR2004 - dark ground, white ink
        _write_centred(picture, str(count), (corner[0] + CELL // 2 - 1, corner[1] + CELL // 2 - 1), ink, LABEL)


def _panel(title: str, trained: Sequence[float], held: Sequence[float]) -> Picture:
    picture = _blank(PANEL_WIDTH, PANEL_HEIGHT)
    # the first epochs are steep; on a logarithmic scale the last ones can be told apart
    values = [value for value in (*trained, *held) if value > 0] or [1.0]
    low, high = math.log10(min(values)) - 0.05, math.log10(max(values)) + 0.05
    _write(picture, title, (LEFT, 32), INK, TITLE, 600)
    _draw_grid(picture, low, high, len(trained))
    for number, (series, colour, name) in enumerate(
        ((trained, TRAINED, "varied, trained on"), (held, HELD, "held out"))
    ):
        _draw_line(picture, _points(series, low, high), colour)
        left = LEFT + 150 * number
        cv2.line(picture, (left, 49), (left + 18, 49), colour, 3, cv2.LINE_AA)
        _write(picture, name, (left + 25, 54), INK, SMALL)
    return picture


def _draw_grid(picture: Picture, low: float, high: float, epochs: int) -> None:
    for value in _round_values(low, high):
        y = round(_height(math.log10(value), low, high))
        cv2.line(picture, (LEFT, y), (PANEL_WIDTH - RIGHT, y), GRID, 1)
        text = f"{value:g}"
        _write(picture, text, (LEFT - 10 - _width(text, SMALL), y + 5), FAINT, SMALL)
    step = max(1, math.ceil(epochs / 8))
    for epoch in range(step, epochs + 1, step):
        x = round(_across(epoch - 1, epochs))
        _write_centred(picture, str(epoch), (x, PANEL_HEIGHT - BOTTOM + 16), FAINT, SMALL)
    bottom = PANEL_HEIGHT - BOTTOM
    cv2.line(picture, (LEFT, bottom), (PANEL_WIDTH - RIGHT, bottom), FAINT, 1)
    _write_centred(picture, "epoch", ((LEFT + PANEL_WIDTH - RIGHT) // 2, PANEL_HEIGHT - 14), FAINT, SMALL)


def _round_values(low: float, high: float) -> list[float]:
    """Pick values such as 0.5, 1 and 2 between two powers of ten, at most about _TICKS of them."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for leading in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        values = [lead * 10.0**decade for decade in decades for lead in leading]
        inside = [value for value in values if low <= math.log10(value) <= high]
        if len(inside) <= _TICKS + 2:
            break
    return inside


def _points(series: Sequence[float], low: float, high: float) -> list[tuple[float, float]]:
    floor = 10**low
    return [
        (_across(number, len(series)), _height(math.log10(max(value, floor)), low, high))
        for number, value in enumerate(series)
    ]


def _across(number: int, count: int) -> float:
    return LEFT + (PANEL_WIDTH - LEFT - RIGHT) * ((number + 0.5) / count)


def _height(value: float, low: float, high: float) -> float:
    return TOP + (PANEL_HEIGHT - TOP - BOTTOM) * (high - value) / max(high - low, 1e-9)


def _draw_line(picture: Picture, points: list[tuple[float, float]], colour: Colour) -> None:
    fixed = np.rint(np.array(points) * 2**_FRACTION).astype(np.int32)
    cv2.polylines(picture, [fixed], False, colour, 2, cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's positional flag
    for x, y in fixed.tolist():
        cv2.circle(picture, (x, y), 3 << _FRACTION, colour, cv2.FILLED, cv2.LINE_AA, _FRACTION)


def _blank(width: int, height: int) -> Picture:
    return np.full((height, width, 3), WHITE, np.uint8)


def _font() -> Any:  # noqa: ANN401 - OpenCV's own font object
    return cv2.FontFace("sans")


def _write(picture: Picture, text: str, place: Point, colour: Colour, size: int, weight: int = 400) -> None:  # noqa: PLR0913, PLR0917 - what, where and how
    cv2.putText(picture, text, place, colour, _font(), size, weight)


def _write_centred(picture: Picture, text: str, place: Point, colour: Colour, size: int, weight: int = 400) -> None:  # noqa: PLR0913, PLR0917 - likewise
    left = place[0] - _width(text, size, weight) // 2
    _write(picture, text, (left, place[1] + round(size * 0.36)), colour, size, weight)


def _width(text: str, size: int, weight: int = 400) -> int:
    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, weight)
    return int(width)


def _save(picture: Picture, path: Path) -> None:
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    path.write_bytes(data.tobytes())
