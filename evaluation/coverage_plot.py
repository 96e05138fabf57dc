"""Place the curve of coverage against error in the drawing that `coverage_plot.svg` makes within a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from presentation.text import percent
from recognizer.coverage import CoveragePoint

#: Distances between the errors named beside the axis, of which the first that needs few enough is taken.
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_STEPS = 5
#: Coverage below which an error does not stretch the axis: there, a few readings make a large share.
_TELLING = 0.2
#: Units between a mark and its text.
_GAP = 8


@dataclass(frozen=True)
class Tick:
    """A value named beside an axis, and where it stands on it."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """The threshold in use: its place on the drawing, and its text on the side that has more room."""

    x: float
    y: float
    text_x: float
    anchor: str
    text: str


@dataclass(frozen=True)
class Plot:
    """All that is drawn: coverage right, error upwards. Places are in units of the drawing, from its upper left."""

    width: ClassVar[int] = 480
    height: ClassVar[int] = 300
    #: Where the axes meet what is drawn, and how far it reaches across and down.
    left: ClassVar[int] = 58
    top: ClassVar[int] = 12
    across: ClassVar[int] = 398
    down: ClassVar[int] = 242

    of: str
    errors: tuple[Tick, ...]
    coverages: tuple[Tick, ...]
    #: The curve, relative to `left` and `top`, as SVG writes points.
    points: str
    mark: Mark


def coverage_plot(curve: Sequence[CoveragePoint], at: CoveragePoint, *, of: str) -> Plot:
    """Place the curve `of` something, and on it the threshold `at` that is in use."""
    top = max((point.error for point in (*curve, at) if point.coverage >= _TELLING), default=0.0)
    step = next(step for step in _STEPS if top <= step * _MOST_STEPS)
    steps = max(1, -(-round(top, 6) // step))
    highest = step * steps
    return Plot(
        of=of,
        errors=tuple(_error_tick(step, number, steps) for number in range(int(steps) + 1)),
        coverages=tuple(Tick(round(_x(number / 100), 1), f"{number}%") for number in range(0, 101, 20)),
        points=_points(curve, highest),
        mark=_mark(at, highest),
    )


def _x(coverage: float) -> float:
    return Plot.left + Plot.across * coverage


def _error_tick(step: float, number: int, steps: float) -> Tick:
    return Tick(round(Plot.top + Plot.down * (1 - number / steps), 1), f"{step * number * 100:.3g}%")


def _points(curve: Sequence[CoveragePoint], highest: float) -> str:
    return " ".join(f"{Plot.across * one.coverage:.1f},{Plot.down * (1 - one.error / highest):.1f}" for one in curve)


def _mark(at: CoveragePoint, highest: float) -> Mark:
    x, y = _x(at.coverage), Plot.top + Plot.down * (1 - min(at.error / highest, 1))
    # 0.5: the text stands on the side that has more room
    anchor, beside = ("end", x - _GAP) if at.coverage > 0.5 else ("start", x + _GAP)  # noqa: PLR2004
    return Mark(round(x, 1), round(y, 1), round(beside, 1), anchor, f"accepts from {percent(at.threshold, 2)} on")
