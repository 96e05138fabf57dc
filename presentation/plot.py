"""What `plot.svg` draws: lines between two axes. Every place is a share of an axis, from its lower or left end."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A value named beside an axis, and where it stands on it."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """The name of an axis, and the values beside it."""

    name: str
    ticks: Sequence[Tick]


@dataclass(frozen=True)
class Line:
    """A line through points `(across, up)`, each of them a dot if it is `dotted`; `style` names its class."""

    points: Sequence[tuple[float, float]]
    style: str = ""
    dotted: bool = False


@dataclass(frozen=True)
class Mark:
    """A point that is pointed out, with a text beside it."""

    across: float
    up: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Lines between two axes; `title` says in words what is drawn. What is above the upper axis is cut off."""

    title: str
    across: Axis
    up: Axis
    lines: Sequence[Line]
    mark: Mark | None = None
