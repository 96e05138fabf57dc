"""Vary MNIST's digits into what other people draw: crooked, thin, thick, faint, broken, smudged.

Everything works on whole batches with NumPy and OpenCV, stacked into one tall picture, so that it costs a fraction of
the training step it feeds and is the same for every Keras backend. Applied in training only, never part of a model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Crops
from recognizer.contract import SIDE
from recognizer.opencv import cv2
from trainer.arrays import Floats, Rng

Mask = NDArray[np.bool_]

#: Strokes are varied at twice the contract's size: half a pixel of thickness already matters.
FINE = 2 * SIDE
#: Control points of the elastic distortion along each side: neighbouring strokes bend together.
KNOTS = 5
#: Stroke kernels at FINE, so 2 is one pixel of the result.
DILATIONS = (2, 3, 4, 5)
EROSIONS = (2, 3)
#: Least share of its ink that a thinned digit keeps; with less nobody could read it.
LEAST_INK = 0.4
#: Most ink of a thickened digit, in white pixels of FINE: more closes its loops (MNIST's mean is 410).
MOST_INK = 860
#: Blur of a soft pen or a shrunken photo: standard deviations in pixels.
BLURS = (0.5, 0.7, 0.95)
WHITE = 255.0
#: Digits in one tall picture: OpenCV resamples at most 32,767 rows, in and out.
_TALLEST = 32_767 // FINE


@dataclass(frozen=True)
class Strength:
    """How strongly digits are varied. Lengths are in pixels of 28, angles in degrees; the rest are probabilities."""

    rotation: float
    slant: float
    scale: float
    aspect: float
    shift: float
    elastic: float
    stroke: float
    contrast: float
    blur: float
    dirt: float


#: Another hand and the same kind of scan, as in MNIST's test set.
MILD = Strength(12, 0.15, 0.10, 0.05, 1.6, 0.45, stroke=0.30, contrast=0.10, blur=0.05, dirt=0.02)
#: Another hand, pen, program and camera.
WILD = Strength(20, 0.32, 0.14, 0.22, 2.2, 0.75, stroke=0.75, contrast=0.45, blur=0.20, dirt=0.12)


def augment(images: Crops, rng: Rng, *, wild: float = 0.5) -> Crops:
    """Vary `(n, 28, 28)` uint8 digits; a share `wild` of them strongly, the others mildly.

    The same rng gives the same result. Expects the contract's black margin and keeps it roughly: digits move by up to
    two pixels.
    """
    count = round(len(images) * wild)
    parts = [vary(part, rng, how) for part, how in ((images[:count], WILD), (images[count:], MILD)) if len(part)]
    return np.concatenate(parts) if parts else images


def vary(images: Crops, rng: Rng, how: Strength) -> Crops:
    """Vary `(n, 28, 28)` uint8 digits by `how`."""
    fine = _bent(images, rng, how)
    _thicken_or_thin(fine, rng, how.stroke)
    _apply(fine, rng, how.dirt, _break_strokes)
    _apply(fine, rng, how.contrast * 0.5, _sharpen)
    small = _halved(fine)
    _apply(small, rng, how.blur, _blur)
    _apply(small, rng, how.contrast, _fade)
    _apply(small, rng, how.dirt, _add_noise)
    _apply(small, rng, how.dirt * 0.4, _add_line)
    _apply(small, rng, how.dirt * 0.4, _add_specks)
    return np.rint(np.clip(small, 0, WHITE)).astype(np.uint8)


def _uniform(rng: Rng, limit: float, *shape: int) -> Floats:
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def _apply(pictures: Floats, rng: Rng, share: float, change: Callable[[Floats, Rng], Floats]) -> None:
    """Change a random share of the pictures in place."""
    chosen = np.flatnonzero(rng.random(len(pictures)) < share)
    if len(chosen):
        pictures[chosen] = change(pictures[chosen], rng)


def _bent(images: Crops, rng: Rng, how: Strength) -> Floats:
    """Rotate, slant, scale, shift and distort in one resampling: `(n, 28, 28)` to `(n, 56, 56)` float32."""
    places = _affine(len(images), rng, how) + _elastic(len(images), rng, how.elastic)
    places = np.clip(places + (SIDE - 1) / 2, 0, SIDE - 1)  # beyond the margin there's only black
    places[1] += (np.arange(len(images), dtype=np.float32) * SIDE)[:, None, None]
    parts = []
    for start in range(0, len(images), _TALLEST):
        x, y = places[:, start : start + _TALLEST]
        tall = images[start : start + _TALLEST].reshape(-1, SIDE)
        y = (y - start * SIDE).reshape(-1, FINE)
        parts.append(cv2.remap(tall, x.reshape(-1, FINE), y, cv2.INTER_CUBIC).reshape(-1, FINE, FINE))
    return np.concatenate(parts).astype(np.float32)


def _affine(count: int, rng: Rng, how: Strength) -> Floats:
    """Give `(2, n, 56, 56)`: the x and y in the source, from its middle, for every pixel of the result."""
    angle = np.deg2rad(_uniform(rng, how.rotation, count))
    slant = _uniform(rng, how.slant, count)
    size, aspect = np.exp(_uniform(rng, how.scale, count)), np.exp(_uniform(rng, how.aspect, count))
    cos, sin = np.cos(angle), np.sin(angle)
    wide, high = aspect / size, 1 / (aspect * size)
    axis = (np.arange(FINE, dtype=np.float32) + 0.5) / 2 - SIDE / 2
    across, down = axis[None, None, :], axis[None, :, None]
    shift = _uniform(rng, how.shift, 2, count)[..., None, None]
    column = [values[:, None, None] for values in (cos * wide, (slant * cos - sin) * wide, sin * high)]
    last = ((slant * sin + cos) * high)[:, None, None]
    x = column[0] * across + column[1] * down
    y = column[2] * across + last * down
    return np.asarray(np.stack([x, y]) + shift, np.float32)


def _elastic(count: int, rng: Rng, strength: float) -> Floats:
    """Give smooth random displacements `(2, n, 56, 56)` with `strength` pixels of standard deviation at the knots."""
    knots = rng.standard_normal((2, count, KNOTS, KNOTS), dtype=np.float32) * strength
    weights = _spline()
    smooth: Floats = weights @ knots @ weights.T
    return smooth


def _spline() -> Floats:
    """Spread KNOTS values over FINE pixels smoothly: `(56, 5)` weights, each row summing to 1."""
    pixels = np.arange(FINE, dtype=np.float32)[:, None] / (FINE - 1) * (KNOTS - 1)
    weights = np.exp(-((pixels - np.arange(KNOTS, dtype=np.float32)) ** 2) / 0.6)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _thicken_or_thin(fine: Floats, rng: Rng, share: float) -> None:
    """Give a share of the digits another pen, in place."""
    pens = [*((cv2.dilate, size) for size in DILATIONS), *((cv2.erode, size) for size in EROSIONS)]
    choice = np.where(rng.random(len(fine)) < share, rng.integers(len(pens), size=len(fine)), -1)
    for number, (operation, size) in enumerate(pens):
        chosen = np.flatnonzero(choice == number)
        if not len(chosen):
            continue
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        before = fine[chosen]
        after = operation(before.reshape(-1, FINE), kernel).reshape(before.shape)
        ink = after.sum(axis=(1, 2))
        legible = (ink >= LEAST_INK * before.sum(axis=(1, 2))) & (ink <= MOST_INK * WHITE)
        fine[chosen] = np.where(legible[:, None, None], after, before)


def _break_strokes(fine: Floats, rng: Rng) -> Floats:
    """Erase one small patch of each: a pen that skipped, a hole in the threshold."""
    centre = rng.uniform(0.25, 0.75, (2, len(fine), 1)) * FINE
    reach = rng.uniform(1, 4, (2, len(fine), 1))
    inside = np.abs(np.arange(FINE) - centre) <= reach
    hole = inside[0][:, :, None] & inside[1][:, None, :]
    return np.where(hole, np.float32(0), fine)


def _sharpen(fine: Floats, rng: Rng) -> Floats:
    """Put the ink either on or off, as drawing programs and thresholds do."""
    threshold = rng.uniform(70, 170, (len(fine), 1, 1)).astype(np.float32)
    return np.asarray(np.clip((fine - threshold) * 8 + WHITE / 2, 0, WHITE), np.float32)


def _halved(fine: Floats) -> Floats:
    tall = fine.reshape(-1, FINE)
    parts = [
        cv2.resize(tall[start : start + _TALLEST * FINE], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for start in range(0, len(tall), _TALLEST * FINE)
    ]
    return np.concatenate(parts).reshape(-1, SIDE, SIDE)


def _blur(small: Floats, rng: Rng) -> Floats:
    choice = rng.integers(len(BLURS), size=len(small))
    for number, deviation in enumerate(BLURS):
        chosen = np.flatnonzero(choice == number)
        if len(chosen):
            tall = small[chosen].reshape(-1, SIDE)
            small[chosen] = cv2.GaussianBlur(tall, (0, 0), deviation).reshape(-1, SIDE, SIDE)
    return small


def _fade(small: Floats, rng: Rng) -> Floats:
    """Change how dark the ink is and how fast it fades towards its edge."""
    gamma = np.exp(_uniform(rng, 0.5, len(small), 1, 1))
    peak = rng.uniform(0.55, 1.0, (len(small), 1, 1)).astype(np.float32)
    faded: Floats = peak * WHITE * (np.clip(small, 0, WHITE) / WHITE) ** gamma
    return faded


def _add_noise(small: Floats, rng: Rng) -> Floats:
    grain = rng.standard_normal(small.shape, dtype=np.float32) * rng.uniform(4, 22, (len(small), 1, 1))
    return np.asarray(small + grain, np.float32)


def _add_line(small: Floats, rng: Rng) -> Floats:
    """Leave the remains of a ruled line or a box at one edge."""
    place = np.arange(SIDE)
    row = np.abs(place - rng.choice([0, 1, 2, 25, 26, 27], (len(small), 1))) <= rng.integers(0, 2, (len(small), 1))
    ends = np.sort(rng.integers(0, SIDE, (2, len(small), 1)), axis=0)
    along = (place >= ends[0]) & (place <= ends[1])
    line = row[:, :, None] & along[:, None, :]
    line = np.where(rng.random((len(small), 1, 1)) < 0.5, line, line.transpose(0, 2, 1))  # noqa: PLR2004 - a coin
    ink = rng.uniform(60, WHITE, (len(small), 1, 1)).astype(np.float32)
    return np.asarray(np.maximum(small, line * ink), np.float32)


def _add_specks(small: Floats, rng: Rng) -> Floats:
    """Drop a few specks of dust."""
    dust = rng.random(small.shape, dtype=np.float32) < 3 / SIDE**2
    return np.asarray(np.maximum(small, dust * rng.uniform(60, WHITE, small.shape)), np.float32)
