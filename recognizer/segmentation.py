"""Find the connected parts of the ink, and group them into digits in reading order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.opencv import cv2

#: Parts looked at, largest first; a picture with more is no picture of digits, and pairing them up takes time.
_MOST_PARTS = 200
#: Pixels up to which 16 bits are enough for every label (two parts are never neighbours); they take half the time.
_MOST_LABELS = 200_000
#: A part is small, and belongs to a neighbour, below this share of the tallest part's height.
_SMALL = 0.5
#: Gap, as a share of the tallest part's height, up to which a small part belongs to its neighbour.
_SMALL_GAP = 0.25
#: Share of the narrower part's width that must stand above or below the other for both to be one digit.
_OVERLAP = 0.5
#: Gap between parts above each other, as a share of the tallest, up to which they are one digit.
_STACK_GAP = 0.2
#: Pixels along the height of a picture up to which it can't hold two rows of digits.
_ONE_ROW = 40
#: Share of a group's height that lies beside the groups of its row.
_BESIDE = 0.25
#: A group lower than this share of the tallest group is a dot, a comma or a dash.
_DOT = 0.3


Labels = NDArray[np.uint16] | NDArray[np.int32]


@dataclass(frozen=True)
class Part:
    """One connected piece of ink: its label in the label picture, its box, and its number of pixels."""

    label: int
    left: int
    top: int
    width: int
    height: int
    area: int

    @property
    def right(self) -> int:
        """The first column after it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row after it."""
        return self.top + self.height


@dataclass(frozen=True)
class Group:
    """The parts of one digit."""

    parts: tuple[Part, ...]

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return (
            min(part.left for part in self.parts),
            min(part.top for part in self.parts),
            max(part.right for part in self.parts),
            max(part.bottom for part in self.parts),
        )

    @property
    def height(self) -> int:
        """From its highest to its lowest pixel."""
        _, top, _, bottom = self.bounds
        return bottom - top


def find_parts(mask: NDArray[np.uint8]) -> tuple[list[Part], Labels]:
    """Find the connected pieces of a mask, and the picture of their labels."""
    ltype = cv2.CV_16U if mask.size < _MOST_LABELS else cv2.CV_32S
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=ltype)
    order = range(1, count) if count <= _MOST_PARTS else np.argsort(-stats[1:, 4])[:_MOST_PARTS] + 1
    return [Part(int(label), *stats[label].tolist()) for label in order], labels


def group_digits(parts: Sequence[Part], picture_height: int) -> list[Group]:
    """Join the parts that belong to one digit, in a picture of so many rows; the groups come in reading order."""
    if len(parts) < 2:  # noqa: PLR2004 - nothing to join
        return [Group(tuple(parts))] if parts else []
    tallest, stack_gap = _row_height(parts), float(picture_height)
    if picture_height > _ONE_ROW:
        tallest = max(part.height for part in parts)
        stack_gap = _STACK_GAP * tallest
    leaders = list(range(len(parts)))
    for first in range(len(parts)):
        for second in range(first):
            if _belong(parts[first], parts[second], tallest, stack_gap):
                _join(leaders, first, second)
    groups: dict[int, list[Part]] = {}
    for index, part in enumerate(parts):
        groups.setdefault(_leader(leaders, index), []).append(part)
    return _reading_order(_without_dots([Group(tuple(members)) for members in groups.values()]))


def _row_height(parts: Sequence[Part]) -> int:
    return max(part.bottom for part in parts) - min(part.top for part in parts)


def _without_dots(groups: list[Group]) -> list[Group]:
    tallest = max(group.height for group in groups)
    return [group for group in groups if group.height >= _DOT * tallest]


def _belong(one: Part, other: Part, tallest: int, stack_gap: float) -> bool:
    across = max(one.left, other.left) - min(one.right, other.right)
    down = max(one.top, other.top) - min(one.bottom, other.bottom)
    if min(one.height, other.height) < _SMALL * tallest and max(across, down) <= _SMALL_GAP * tallest:
        return True
    return -across >= _OVERLAP * min(one.width, other.width) and down <= stack_gap


def _leader(leaders: list[int], index: int) -> int:
    while leaders[index] != index:
        index = leaders[index]
    return index


def _join(leaders: list[int], one: int, other: int) -> None:
    leaders[_leader(leaders, one)] = _leader(leaders, other)


def _reading_order(groups: list[Group]) -> list[Group]:
    """Rows from the top, each from the left; a group of which hardly a part lies beside the row's begins a new row."""
    rows: list[list[Group]] = []
    for group in sorted(groups, key=lambda group: group.bounds[1]):
        _, top, _, bottom = group.bounds
        if rows and top + _BESIDE * (bottom - top) <= max(member.bounds[3] for member in rows[-1]):
            rows[-1].append(group)
        else:
            rows.append([group])
    return [group for row in rows for group in sorted(row, key=lambda group: group.bounds[0])]
