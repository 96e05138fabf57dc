"""Draw pen strokes as the preparation cuts them out of people's pictures: another hand, pen and program each time."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.crop import fit
from recognizer.opencv import cv2

Bytes = NDArray[np.uint8]
Rng = np.random.Generator
#: A pen's path: `(n, 2)` float64 points, x to the right and y down, the height of a digit being 1.
Stroke = NDArray[np.float64]

#: Pixels of a digit's height on a large sheet, and on the small ones of drawing programs.
_FINE, _COARSE = 76, (13, 25)
#: Share of the pictures that are drawn on a small sheet, with a hard pen.
_HARD = 0.25
#: Pen widths as shares of the digit's height on a large sheet: a ball pen to a marker.
_THINNEST, _THICKEST = 0.03, 0.17
#: How far a hand strays, as a share of the height, and in how many waves over the height.
_STRAY, _WAVES = 0.035, (0.3, 1.4)
#: Limits of slant, rotation (degrees) and the logarithm of the aspect ratio.
_SLANT, _TURN, _ASPECT = 0.3, 6, 0.3
#: Strength from which a pixel is ink.
_LEVEL = 64.0
#: Bits of a coordinate's fraction: OpenCV then draws lines between pixels.
_FRACTION = 4
_POINTS_A_SPAN = 8


def line(*points: tuple[float, float]) -> Stroke:
    """Go straight from point to point."""
    return np.array(points, float)


def curve(*points: tuple[float, float]) -> Stroke:
    """Go smoothly through all points."""
    return spline(np.array([points[0], *points, points[-1]], float), _POINTS_A_SPAN)


def spline(knots: Stroke, points_a_span: int) -> Stroke:
    """Go smoothly from the second knot to the last but one (Catmull-Rom); the outer two only bend its ends."""
    before, start, end, after = knots[:-3, None], knots[1:-2, None], knots[2:-1, None], knots[3:, None]
    t = np.linspace(0, 1, points_a_span)[None, :, None]
    bend = 2 * before - 5 * start + 4 * end - after
    cubic = 3 * (start - end) + after - before
    path: Stroke = start + (t * (end - before) + t**2 * bend + t**3 * cubic) / 2
    return path.reshape(-1, 2)


def arc(centre: tuple[float, float], radii: tuple[float, float], start: float, sweep: float) -> Stroke:
    """Go along an ellipse from `start` degrees (0 is right, 90 is down) by `sweep` degrees, clockwise if positive."""
    angles = np.deg2rad(start + np.linspace(0, sweep, max(3, round(abs(sweep) / 15))))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + centre


def joined(*pieces: Stroke) -> Stroke:
    """Go on from piece to piece without lifting the pen."""
    return np.concatenate(pieces)


def draw(strokes: Sequence[Stroke], rng: Rng) -> Bytes:
    """Draw strokes with a random hand and pen: `(28, 28)` uint8 as the model contract has it."""
    points = by_hand(np.concatenate(strokes), rng)
    hard = rng.random() < _HARD
    height = rng.integers(*_COARSE) if hard else _FINE
    pen = rng.integers(1, height // 6 + 1) if hard else max(1, round(height * rng.uniform(_THINNEST, _THICKEST)))
    points = (points - points.min(axis=0)) * (height / np.ptp(points, axis=0).max()) + pen + 1
    width, height = (math.ceil(side) + pen + 2 for side in points.max(axis=0))
    paper = np.zeros((height, width), np.uint8)
    fixed = np.rint(points * 2**_FRACTION).astype(np.int32)
    parts = np.split(fixed, np.cumsum([len(stroke) for stroke in strokes])[:-1])
    cv2.polylines(paper, parts, False, 255, int(pen), cv2.LINE_8 if hard else cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's positional flag
    return fit(paper, _LEVEL)


def by_hand(points: Stroke, rng: Rng) -> Stroke:
    """Let a hand stray from the path, and write it aslant, wider or narrower."""
    waves = rng.uniform(*_WAVES, (2, 2)) * rng.choice((-1, 1), (2, 2))
    phases, reach = rng.uniform(0, 2 * np.pi, 2), rng.normal(0, _STRAY, 2)
    strayed = points + np.sin(2 * np.pi * points @ waves + phases) * reach * 2
    aspect, slant, turn = rng.uniform(-1, 1, 3) * (_ASPECT, _SLANT, math.radians(_TURN))
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    matrix = turned @ np.array([[math.exp(aspect), slant], [0, 1]])
    return np.asarray(strayed @ matrix.T, float)
