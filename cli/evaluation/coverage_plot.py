"""Draw the curve of coverage against error as an SVG that stands within a page; its colours are the page's."""

from collections.abc import Iterator, Sequence

from presentation.text import percent
from recognizer.coverage import CoveragePoint

#: Units of the whole drawing, and of what lies between its edges and the axes.
_WIDTH, _HEIGHT = 480, 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 58, 12, 24, 46
_ACROSS, _DOWN = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
#: Distances between the errors named beside the axis, of which the first that needs few enough is taken.
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_STEPS = 5
#: Coverage below which an error does not stretch the axis: there, a few readings make a large share.
_TELLING = 0.2
#: Units between an axis and what is written beside it.
_GAP = 8


def coverage_plot(curve: Sequence[CoveragePoint], at: CoveragePoint, *, of: str) -> str:
    """Draw the curve `of` something, and on it the threshold `at` that is in use: coverage right, error upwards."""
    top = max((point.error for point in (*curve, at) if point.coverage >= _TELLING), default=0.0)
    step = next(step for step in _STEPS if top <= step * _MOST_STEPS)
    steps = max(1, -(-round(top, 6) // step))
    return "\n".join(
        (
            f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Error against coverage: {of}">',
            *_axes(step, int(steps)),
            _line(curve, step * steps),
            *_mark(at, step * steps),
            "</svg>",
        )
    )


def _axes(step: float, steps: int) -> Iterator[str]:
    for number in range(steps + 1):
        y = _TOP + _DOWN * (1 - number / steps)
        yield f'<path class="rule" d="M{_LEFT} {y:.1f}h{_ACROSS}"/>'
        words = f"{step * number * 100:.3g}%"
        yield f'<text class="tick" x="{_LEFT - _GAP}" y="{y + 4:.1f}" text-anchor="end">{words}</text>'
    for number in range(0, 101, 20):
        x = _LEFT + _ACROSS * number / 100
        yield f'<text class="tick" x="{x:.1f}" y="{_TOP + _DOWN + 18}" text-anchor="middle">{number}%</text>'
    middle, half = _TOP + _DOWN / 2, _LEFT + _ACROSS / 2
    yield f'<text class="axis" x="{half}" y="{_HEIGHT - 6}" text-anchor="middle">coverage</text>'
    yield f'<text class="axis" transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">error</text>'


def _line(curve: Sequence[CoveragePoint], highest: float) -> str:
    points = " ".join(f"{_ACROSS * one.coverage:.1f},{_DOWN * (1 - one.error / highest):.1f}" for one in curve)
    # Its own edges cut off what is above the highest error; below, they leave room for half the line's width.
    edges = f'x="{_LEFT}" y="{_TOP}" width="{_ACROSS}" height="{_DOWN + 2}"'
    return f'<svg {edges}><polyline class="curve" points="{points}"/></svg>'


def _mark(at: CoveragePoint, highest: float) -> Iterator[str]:
    x, y = _LEFT + _ACROSS * at.coverage, _TOP + _DOWN * (1 - min(at.error / highest, 1))
    # 0.5: the words stand on the side that has more room
    anchor, beside = ("end", x - _GAP) if at.coverage > 0.5 else ("start", x + _GAP)  # noqa: PLR2004
    yield f'<path class="mark" d="M{x:.1f} {_TOP}v{_DOWN}"/><circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    words = f"accepts from {percent(at.threshold, 2)} on"
    yield f'<text class="mark" x="{beside:.1f}" y="{_TOP + 14}" text-anchor="{anchor}">{words}</text>'
