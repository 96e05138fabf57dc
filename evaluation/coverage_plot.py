"""Draw coverage against error: which share is accepted from a confidence on, and how much of it is wrong."""

from collections.abc import Sequence

from presentation.plot import Axis, Line, Mark, Plot, Tick
from presentation.text import percent
from recognizer.contract import CoveragePoint

#: Distances between the ticks of the axis of errors. The first one that needs at most _MOST_STEPS is used.
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_STEPS = 5
#: Coverage below which an error does not stretch the axis: there, a few readings make a large share.
_TELLING = 0.2


def coverage_plot(curve: Sequence[CoveragePoint], at: CoveragePoint, *, of: str) -> Plot:
    """Draw the curve `of` something, and on it the threshold `at` that is in use."""
    top = max((point.error for point in (*curve, at) if point.coverage >= _TELLING), default=0.0)
    step = next(step for step in _STEPS if top <= step * _MOST_STEPS)
    steps = max(1, int(-(-round(top, 6) // step)))
    highest = step * steps
    return Plot(
        title=f"Error against coverage: {of}",
        across=Axis("coverage", [Tick(number / 100, f"{number}%") for number in range(0, 101, 20)]),
        up=Axis("error", [Tick(number / steps, f"{step * number * 100:.3g}%") for number in range(steps + 1)]),
        lines=[Line([(point.coverage, point.error / highest) for point in curve])],
        mark=Mark(at.coverage, min(at.error / highest, 1), f"accepts from {percent(at.threshold, 2)} on"),
    )
