"""Write digits and signs in a row, as one hand does."""

from collections.abc import Callable, Sequence

import numpy as np

from bench.situations.paper import DIGIT, HALF, SHEET, TALL, TOP, enlarged
from recognizer.arrays import Gray
from recognizer.opencv import cv2
from trainer.arrays import Rng

#: A digit's picture, white on black, or one of SIGNS.
Mark = Gray | str
Point = tuple[float, float]

#: Pixels of paper on either side of a row, and of the free space that a row's marks usually have between them.
_ASIDE, GAP = 40, 18
#: Where a row's marks begin, from the paper's top.
_HIGHEST, _LOWEST = 50, 70


def row(marks: Sequence[Mark], rng: Rng, gap: int = GAP) -> Gray:
    """Write marks in a row with a gap in pixels between their ink. With a gap below zero they touch."""
    inks = [_ink(mark, rng) for mark in marks]
    paper = np.zeros((SHEET, 2 * _ASIDE + sum(ink.shape[1] + gap for ink in inks)), np.uint8)
    left = _ASIDE
    for ink in inks:
        top = int(rng.integers(_HIGHEST, _LOWEST))
        window = paper[top : top + DIGIT, left : left + ink.shape[1]]
        np.maximum(window, ink, out=window)
        left += ink.shape[1] + gap
    return 255 - paper


def digits_of(marks: Sequence[Mark]) -> list[Gray]:
    """Give the digits' pictures alone."""
    return [mark for mark in marks if not isinstance(mark, str)]


def _ink(mark: Mark, rng: Rng) -> Gray:
    """Give a mark's ink, DIGIT pixels high and as wide as it needs."""
    if isinstance(mark, str):
        ink = SIGNS[mark](rng)
        if not ink.any():
            return ink
    else:
        ink = enlarged(mark)
    return np.ascontiguousarray(ink[:, ink.max(axis=0) >= HALF])


def strokes(lines: Sequence[Sequence[Point]], rng: Rng) -> Gray:
    """Draw lines in a digit's square, white on black; their points are shares of a digit's height, y downwards."""
    ink, pen = np.zeros((DIGIT, DIGIT), np.uint8), int(rng.integers(7, 12))
    for line in lines:
        points = np.array(line) * TALL + TOP
        cv2.polylines(ink, [np.rint(points).astype(np.int32)], isClosed=False, color=255, thickness=pen)
    return ink


def _point(rng: Rng) -> Gray:
    return strokes([[(0.3, 0.97), (0.31, 0.97)]], rng)


def _comma(rng: Rng) -> Gray:
    lean = rng.uniform(0.05, 0.14)
    return strokes([[(0.3, 0.93), (0.3 - lean, rng.uniform(1.08, 1.16))]], rng)


def _dash(rng: Rng) -> Gray:
    middle, tilt = rng.uniform(0.45, 0.6), rng.uniform(-0.04, 0.04)
    return strokes([[(0.1, middle + tilt), (rng.uniform(0.4, 0.6), middle - tilt)]], rng)


def _slash(rng: Rng) -> Gray:
    lean = rng.uniform(0.25, 0.45)
    return strokes([[(0.1, rng.uniform(1.0, 1.1)), (0.1 + lean, rng.uniform(-0.1, 0.0))]], rng)


def _colon(rng: Rng) -> Gray:
    return strokes([[(0.3, place), (0.31, place)] for place in rng.uniform((0.2, 0.75), (0.35, 0.9))], rng)


def _wide_gap(rng: Rng) -> Gray:
    return np.zeros((DIGIT, int(rng.uniform(1.6, 2.6) * TALL)), np.uint8)


#: What stands between digits, by how it is written down.
SIGNS: dict[str, Callable[[Rng], Gray]] = {
    ".": _point,
    ",": _comma,
    "-": _dash,
    "/": _slash,
    ":": _colon,
    " ": _wide_gap,
}
