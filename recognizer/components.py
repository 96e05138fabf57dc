"""Find the connected components of the ink."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import ComponentLabels, Gray
from recognizer.opencv import cv2

#: Components looked at, largest first; a picture with more is no picture of digits.
_MOST_COMPONENTS = 200
#: Pixels up to which 16 bits are enough for every label (two components are never neighbours); they take half the time.
_MOST_LABELS = 200_000
#: Least height of what stands in a frame, as a share of the frame's height. The dot of a dotted zero is lower.
_ENCLOSED = 0.25
#: Least distance of a ring's ink from its middle, in halves of its box: a digit that touches it reaches further in.
_OUTLINE = 0.7
#: Distance of ink that lies in a corner of its box, likewise.
_ROUND = 1.25
#: Directions that are looked in for a ring, and the share of them in which it must be.
_DIRECTIONS, _CLOSED = 36, 0.85


@dataclass(frozen=True)
class Component:
    """One connected component: its label in the label picture, its box, and its number of pixels."""

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


def find_components(mask: Gray) -> tuple[list[Component], ComponentLabels]:
    """Find the connected components of a mask, and the picture of their labels."""
    ltype = cv2.CV_16U if mask.size < _MOST_LABELS else cv2.CV_32S
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=ltype)
    order = range(1, count) if count <= _MOST_COMPONENTS else np.argsort(-stats[1:, 4])[:_MOST_COMPONENTS] + 1
    return [Component(int(label), *stats[label].tolist()) for label in order], labels


def is_frame(component: Component, components: Iterable[Component]) -> bool:
    """Tell whether a component is a frame or a ring: another one of some size stands in it."""
    return any(_holds(component, other) for other in components if other.height >= _ENCLOSED * component.height)


def _holds(component: Component, other: Component) -> bool:
    across = component.left < other.left and other.right < component.right
    return across and component.top < other.top and other.bottom < component.bottom


def is_outline(component: Component, labels: ComponentLabels, closed: float = _CLOSED) -> bool:
    """Tell whether a component runs along its box, or the ellipse in it, nearly all round and nowhere within.

    `closed` is the least share of the way round.
    """
    down, across = _from_middle(component, labels)
    if np.hypot(down, across).min() < _OUTLINE:
        return False
    directions = (np.arctan2(down, across) * (_DIRECTIONS / math.tau)).astype(np.int64)
    return len(np.unique(directions)) >= closed * _DIRECTIONS


def is_round(component: Component, labels: ComponentLabels) -> bool:
    """Tell whether an outline leaves out the corners of its box."""
    return bool(np.hypot(*_from_middle(component, labels)).max() < _ROUND)


def _from_middle(component: Component, labels: ComponentLabels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give where a component's pixels lie from its middle, down and across, in halves of its box."""
    rows, columns = np.nonzero(
        labels[component.top : component.bottom, component.left : component.right] == component.label
    )
    return 2 * (rows + 0.5) / component.height - 1, 2 * (columns + 0.5) / component.width - 1
