"""A mark on the paper that is taken for a digit, cut in two or joined with its neighbour where that reads better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recognizer.opencv import cv2
from recognizer.reading import Box

#: Where a mark is cut, as shares of its width, and how far a cut may stray from there to both sides.
_PLACES, _REACH = (0.3, 0.4, 0.5, 0.6, 0.7), 0.12
#: Two marks are joined only if the gap between them, sideways and downwards, is at most this share of their height
#: together. Two digits further apart, one of them a thin 1, are the other one to the network.
_ASIDE, _BELOW = 0.14, 0.18

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Mark:
    """One piece of ink: `strength` is its `(h, w)` uint8 window, 0 where there is none of it.

    `level` is the strength from which a pixel is ink; `left` and `top` place the window in the picture, of which each
    pixel of the window covers `factor` pixels each way.
    """

    strength: Gray
    level: float
    left: int
    top: int
    factor: int = 1

    @cached_property
    def box(self) -> Box:
        """Where its ink is, in the picture's pixels."""
        left, top, width, height = cv2.boundingRect(cv2.compare(self.strength, self.level, cv2.CMP_GT))
        scale = self.factor
        return Box(self.left + left * scale, self.top + top * scale, width * scale, height * scale)


def halves(mark: Mark) -> list[tuple[Mark, Mark]]:
    """Cut a mark in two from top to bottom in several places, each time along the path that crosses the least ink."""
    ink = cv2.compare(mark.strength, mark.level, cv2.CMP_GT)
    start, _, width, _ = cv2.boundingRect(ink)
    reach = max(1, round(_REACH * width))
    pairs = []
    for place in _PLACES:
        middle = start + round(place * width)
        first, last = max(start + 1, middle - reach), min(start + width - 1, middle + reach)
        if first <= last:
            pairs.append(_cut(mark, ink, first + _easiest_path(mark.strength[:, first : last + 1])))
    return [pair for pair in pairs if pair]


def _easiest_path(strength: Gray) -> NDArray[np.int64]:
    """Give the column in each row of the path from top to bottom, by one column a row at most, with the least ink."""
    costs = strength.astype(np.int64) + 1
    for row in range(1, len(costs)):
        above = np.pad(costs[row - 1], 1, constant_values=np.iinfo(np.int32).max)
        costs[row] += np.minimum(np.minimum(above[:-2], above[2:]), above[1:-1])
    path = np.empty(len(costs), np.int64)
    path[-1] = costs[-1].argmin()
    for row in range(len(costs) - 2, -1, -1):
        first = max(0, path[row + 1] - 1)
        path[row] = first + costs[row, first : path[row + 1] + 2].argmin()
    return path


def _cut(mark: Mark, ink: Gray, path: NDArray[np.int64]) -> tuple[Mark, Mark] | None:
    before = np.arange(mark.strength.shape[1]) < path[:, None]
    if not ink[before].any() or not ink[~before].any():
        return None
    left, right = (np.where(side, mark.strength, np.uint8(0)) for side in (before, ~before))
    return replace(mark, strength=left), replace(mark, strength=right)


def joined(marks: Sequence[Mark]) -> Mark | None:
    """Join marks into one, each of which nearly touches those before it; None if one is too far apart."""
    whole = marks[0]
    for mark in marks[1:]:
        if whole.factor != mark.factor or not _nearly_touch(whole.box, mark.box):
            return None
        whole = _union(whole, mark)
    return whole


def _nearly_touch(one: Box, other: Box) -> bool:
    across = max(one.left, other.left) - min(_right(one), _right(other))
    down = max(one.top, other.top) - min(_bottom(one), _bottom(other))
    height = max(_bottom(one), _bottom(other)) - min(one.top, other.top)
    return across <= _ASIDE * height and down <= _BELOW * height


def _union(one: Mark, other: Mark) -> Mark:
    left, top = min(one.left, other.left), min(one.top, other.top)
    places = [((mark.left - left) // mark.factor, (mark.top - top) // mark.factor) for mark in (one, other)]
    shapes = [mark.strength.shape for mark in (one, other)]
    height = max(y + shape[0] for (_, y), shape in zip(places, shapes, strict=True))
    width = max(x + shape[1] for (x, _), shape in zip(places, shapes, strict=True))
    strength = np.zeros((height, width), np.uint8)
    for mark, (x, y) in zip((one, other), places, strict=True):
        window = strength[y : y + mark.strength.shape[0], x : x + mark.strength.shape[1]]
        np.maximum(window, mark.strength, out=window)
    return Mark(strength, min(one.level, other.level), left, top, one.factor)


def _right(box: Box) -> int:
    return box.left + box.width


def _bottom(box: Box) -> int:
    return box.top + box.height
