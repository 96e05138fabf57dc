"""Draw the digits that MNIST, written by Americans, hardly holds: a 1 with its upstroke, an open 4, a barred 7."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recognizer.contract import BOX, SIDE
from recognizer.opencv import cv2

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Rng = np.random.Generator
Stroke = list[tuple[float, float]]

#: Drawn so many times larger than the result, then shrunk.
_FINE = 4
#: Stroke widths, in pixels of the 20-pixel box: a ball pen to a felt pen.
_THINNEST, _THICKEST = 1.6, 3.4
#: Standard deviation of every point of a stroke, as a share of the digit's height: nobody's hand is a ruler.
_TREMBLE = 0.02
#: Bits of a coordinate's fraction: OpenCV then draws lines between pixels.
_FRACTION = 4


def draw_strokes(count: int, rng: Rng) -> tuple[Bytes, Bytes]:
    """Draw `count` digits as the model contract asks: `(n, 28, 28)` uint8 images and their `(n,)` uint8 labels."""
    chosen = rng.integers(len(_STYLES), size=count)
    images = [_drawn(_STYLES[number][1](rng), rng) for number in chosen]
    labels = [_STYLES[number][0] for number in chosen]
    return np.array(images, np.uint8).reshape(-1, SIDE, SIDE), np.array(labels, np.uint8)


def _one(rng: Rng) -> list[Stroke]:
    """Draw a downstroke with an upstroke that falls by at least 30 degrees: with less it would be a 7."""
    angle, length = math.radians(rng.uniform(32, 72)), rng.uniform(0.2, 0.8)
    top = (0.0, 0.0)
    start = (-length * math.cos(angle), length * math.sin(angle))
    return [[start, top, (rng.uniform(-0.25, 0.05), 1.0)]]


def _one_on_a_foot(rng: Rng) -> list[Stroke]:
    reach = rng.uniform(0.15, 0.35)
    return [*_one(rng), [(-reach, 1.0), (reach, 1.0)]]


def _open_four(rng: Rng) -> list[Stroke]:
    """Draw down, across, and a second stroke through the end: open at the top."""
    wide, bar = rng.uniform(0.3, 0.8), rng.uniform(0.5, 0.85)
    stem = wide * rng.uniform(0.55, 0.95)
    first = [(wide * rng.uniform(0.2, 0.7), 0.0), (0.0, bar), (wide, bar + rng.uniform(-0.06, 0.06))]
    return [first, [(stem, bar - rng.uniform(0.1, 0.4)), (stem - rng.uniform(-0.05, 0.15), 1.0)]]


def _closed_four(rng: Rng) -> list[Stroke]:
    wide, bar = rng.uniform(0.5, 0.8), rng.uniform(0.55, 0.75)
    stem = wide * rng.uniform(0.6, 0.85)
    return [[(stem, 1.0), (stem, 0.0), (0.0, bar), (wide, bar)]]


def _seven(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    return [[(0.0, rng.uniform(-0.04, 0.08)), (wide, 0.0), (wide * rng.uniform(0.1, 0.6), 1.0)]]


def _barred_seven(rng: Rng) -> list[Stroke]:
    seven = _seven(rng)
    (right, _), (foot, _) = seven[0][1:]
    middle = (right + foot) / 2
    reach = rng.uniform(0.12, 0.28)
    return [*seven, [(middle - reach, rng.uniform(0.45, 0.56)), (middle + reach, rng.uniform(0.44, 0.55))]]


def _seven_with_a_hook(rng: Rng) -> list[Stroke]:
    seven = _seven(rng)
    return [[(rng.uniform(-0.04, 0.04), rng.uniform(0.12, 0.25)), *seven[0]]]


_STYLES: tuple[tuple[int, Callable[[Rng], list[Stroke]]], ...] = (
    (1, _one),
    (1, _one),
    (1, _one_on_a_foot),
    (4, _open_four),
    (4, _open_four),
    (4, _closed_four),
    (7, _seven),
    (7, _barred_seven),
    (7, _seven_with_a_hook),
)


def _drawn(strokes: list[Stroke], rng: Rng) -> Bytes:
    """Draw strokes with a random pen, fitted in the box and centred by mass."""
    pen = round(rng.uniform(_THINNEST, _THICKEST) * _FINE)
    points = [np.array(stroke) + rng.normal(0, _TREMBLE, (len(stroke), 2)) for stroke in strokes]
    every = np.concatenate(points)
    corner, extent = every.min(axis=0), np.ptp(every, axis=0)
    scale = (BOX * _FINE - pen) / max(extent)
    start = (SIDE * _FINE - extent * scale) / 2
    canvas = np.zeros((SIDE * _FINE, SIDE * _FINE), np.uint8)
    fixed = [np.rint(((part - corner) * scale + start) * 2**_FRACTION).astype(np.int32) for part in points]
    cv2.polylines(canvas, fixed, False, 255, pen, cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's positional flag
    return _centred(np.asarray(cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))


def _centred(image: Bytes) -> Bytes:
    moments = cv2.moments(image)
    right, down = (round(SIDE / 2 - 0.5 - moments[key] / moments["m00"]) for key in ("m10", "m01"))
    return np.roll(image, (down, right), axis=(0, 1))
