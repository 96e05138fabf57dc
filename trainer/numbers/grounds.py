"""Put ink on paper as cameras and scanners see it: lines, patterns, neighbours' ends, blur, grain, compression."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from recognizer.arrays import Crops, Gray
from recognizer.opencv import cv2
from trainer.arrays import Floats, Rng
from trainer.numbers.glyphs import Hand, digit

Box = tuple[int, int, int, int]
#: Strength of ink after a reader's preparation.
_INK = 230.0
#: Largest side of a point, in fine pixels.
_POINT = 14
#: A distance beyond any sheet, in fine pixels.
_FAR = 1000.0


def on_a_ground(  # noqa: PLR0913, PLR0917 - a drawing
    ink: Gray,
    boxes: Sequence[Box],
    hand: Hand,
    rng: Rng,
    samples: Sequence[Crops],
    patterns: Sequence[Gray],
    *,
    harm: float = 1.0,
) -> Gray:
    """Give the sheet at half the resolution, `(h, w)` uint8, with lines, patterns, blur and grain around its ink.

    `harm` scales the damage: 1 is the worst of the training, 0.3 is readable for people.
    """
    _specks(ink, rng)
    if boxes:
        _mid_height_dot(ink, boxes, rng, harm)
        _breaks(ink, boxes, rng, harm)
    _ends_of_neighbours(ink, boxes, hand, rng, samples)
    printed = np.zeros_like(ink)
    if boxes and rng.random() < 0.55:  # noqa: PLR2004 - a share
        for _ in range(int(rng.integers(1, 3))):
            _LINES[int(rng.integers(len(_LINES)))](printed, boxes, rng)
    seen = np.maximum(ink * rng.uniform(0.85, 1.0), printed).astype(np.float32)
    if rng.random() < 0.6:  # noqa: PLR2004 - a share
        strength = np.float32(harm * min(170.0, rng.exponential(45)) / 255)
        cv2.scaleAdd(_patch(patterns, ink.shape, rng) * (1 - seen / 255), strength, seen, seen)
    return _scanned(seen, rng, harm)


def _scanned(seen: Floats, rng: Rng, harm: float) -> Gray:
    """Blur, shrink, add grain, and compress."""
    if rng.random() < 0.7:  # noqa: PLR2004 - a share
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 0.4 + 1.8 * harm))
    shape = (seen.shape[1] // 2, seen.shape[0] // 2)
    small = cv2.resize(seen, shape, interpolation=cv2.INTER_AREA)
    written = small[small > 0.5 * small.max()]
    small *= np.float32(rng.uniform(0.85, 1.1) * _INK / max(written.mean() if written.size else _INK, 40.0))
    if rng.random() < 0.6:  # noqa: PLR2004 - a share
        small += rng.standard_normal(small.shape, dtype=np.float32) * np.float32(rng.exponential(7 * harm))
    small -= np.float32(rng.uniform(0, 14))
    pixels = np.clip(small, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:  # noqa: PLR2004 - a share
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75 - round(60 * harm), 75))]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_GRAYSCALE)
    if rng.random() < 0.08 * harm:  # a share: somebody has made it black and white
        pixels = cv2.threshold(pixels, float(rng.uniform(70, 140)), 255, cv2.THRESH_BINARY)[1]
    return np.asarray(pixels, np.uint8)


def _specks(ink: Gray, rng: Rng) -> None:
    """Drop dust: smaller than any point."""
    for _ in range(int(rng.poisson(0.7))):
        x, y = int(rng.integers(ink.shape[1])), int(rng.integers(ink.shape[0]))
        cv2.circle(ink, (x, y), int(rng.integers(0, 2)), float(rng.uniform(60, 220)), -1, cv2.LINE_AA)


def _mid_height_dot(ink: Gray, boxes: Sequence[Box], rng: Rng, harm: float) -> None:
    """Let a blot fall beside a mark, too high for a point."""
    if rng.random() > 0.1 * harm:  # a share
        return
    _, top, right, bottom = boxes[int(rng.integers(len(boxes)))]
    y = round(top + rng.uniform(0.15, 0.6) * (bottom - top))
    cv2.circle(ink, (right + int(rng.integers(1, 8)), y), int(rng.integers(1, 4)), 255, -1, cv2.LINE_AA)


def _breaks(ink: Gray, boxes: Sequence[Box], rng: Rng, harm: float) -> None:
    """Break the strokes of some marks along a line, as a bad scan does; it would erase a point."""
    if rng.random() > 0.2 * harm:  # a share
        return
    for left, top, right, bottom in boxes:
        if max(right - left, bottom - top) > _POINT and rng.random() < 0.5:  # noqa: PLR2004 - a coin
            x, y = rng.uniform(left, right), rng.uniform(top, bottom)
            turn, reach = rng.uniform(0, np.pi), 0.6 * (bottom - top)
            across, down = reach * np.cos(turn), reach * np.sin(turn)
            _line(ink, (x - across, y - down), (x + across, y + down), 0.0, int(rng.integers(1, 5)))


def _ends_of_neighbours(ink: Gray, boxes: Sequence[Box], hand: Hand, rng: Rng, samples: Sequence[Crops]) -> None:
    """Let feet of the row above, heads of the row below, or sides of a neighbour reach into the picture."""
    if rng.random() > 0.15 or not boxes:  # noqa: PLR2004 - a share
        return
    height = float(np.mean([bottom - top for _, top, _, bottom in boxes]))
    above = min(top for _, top, _, _ in boxes)
    below = ink.shape[0] - max(bottom for *_, bottom in boxes)
    room, from_above = (above, True) if above > below else (below, False)
    deep = int(min(room - 2, 0.3 * height))
    if deep < 2:  # noqa: PLR2004 - pixels
        return
    x = int(rng.integers(0, 40))
    while x < ink.shape[1] - 10:
        drawn = digit(int(rng.integers(10)), max(height, 12), hand, rng, samples).ink
        part = drawn[-deep:] if from_above else drawn[:deep]
        part = part[:, : ink.shape[1] - x]
        window = ink[: len(part), x : x + part.shape[1]] if from_above else ink[-len(part) :, x : x + part.shape[1]]
        np.maximum(window, part, out=window)
        x += drawn.shape[1] + int(rng.uniform(0.1, 2.0) * height)


def _line(printed: Gray, start: tuple[float, float], end: tuple[float, float], level: float, thick: int) -> None:
    ends = [tuple(round(16 * place) for place in point) for point in (start, end)]
    cv2.line(printed, *ends, level, thick, cv2.LINE_AA, 4)


def _level(rng: Rng) -> float:
    return float(rng.uniform(70, 255))


def _thick(rng: Rng) -> int:
    return int(rng.integers(1, 6))


def _bounds(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _ruled(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    """Rule a line below, above or through the feet of the row, from border to border or a part of the way."""
    _, top, _, bottom = _bounds(boxes)
    wide = printed.shape[1]
    high = max(bottom - top, 10)
    y = rng.choice((bottom + rng.uniform(-0.12, 0.3) * high, top - rng.uniform(-0.02, 0.3) * high), p=(0.75, 0.25))
    tilt = rng.normal(0, 0.012) * wide
    start = -5.0 if rng.random() < 0.75 else rng.uniform(0, 0.2) * wide  # noqa: PLR2004 - a share
    end = wide + 5.0 if rng.random() < 0.75 else rng.uniform(0.75, 1) * wide  # noqa: PLR2004 - likewise
    _line(printed, (start, y - tilt), (end, y + tilt), _level(rng), _thick(rng))
    if rng.random() < 0.2:  # noqa: PLR2004 - a share
        other = y - rng.uniform(1.0, 1.7) * high
        _line(printed, (start, other - tilt), (end, other + tilt), _level(rng), _thick(rng))


def _underlined(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    left, top, right, bottom = _bounds(boxes)
    high = max(bottom - top, 10)
    y, tilt = bottom + rng.uniform(0.06, 0.3) * high, rng.normal(0, 0.05) * high
    aside = rng.uniform(-0.1, 0.5, 2) * high
    _line(printed, (left - aside[0], y - tilt), (right + aside[1], y + tilt), rng.uniform(180, 255), _thick(rng))


def _cell(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    """Frame the row as a cell of a table, of which the picture shows some sides and a digit may touch one."""
    left, top, right, bottom = _bounds(boxes)
    high = max(bottom - top, 10)
    level, thick = _level(rng), _thick(rng)
    margins = rng.uniform(-0.08, 1.5, 4) * high
    x0, y0, x1, y1 = left - margins[0], top - margins[1] * 0.5, right + margins[2], bottom + margins[3] * 0.5
    lean = rng.normal(0, 0.04) * high
    over = rng.choice((0.0, 0.3 * high, 400.0), p=(0.25, 0.25, 0.5))
    sides = (
        ((x0 - over, y0), (x1 + over, y0)),
        ((x0 - over, y1), (x1 + over, y1)),
        ((x0, y0 - over), (x0 + lean, y1 + over)),
        ((x1, y0 - over), (x1 + lean, y1 + over)),
    )
    for side in sides:
        if rng.random() < 0.8:  # noqa: PLR2004 - a share
            _line(printed, *side, level, thick)


def _comb(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    """Divide the row into boxes, a line between each two marks that leave room for it."""
    _, top, _, bottom = _bounds(boxes)
    high = max(bottom - top, 10)
    level, thick = _level(rng), int(rng.integers(1, 4))
    y0, y1 = top - rng.uniform(-0.05, 0.45) * high, bottom + rng.uniform(-0.05, 0.45) * high
    ordered = sorted(boxes)
    edges = [
        ordered[0][0] - 0.25 * high,
        *((one[2] + two[0]) / 2 for one, two in pairwise(ordered) if two[0] - one[2] > thick + 2),
        ordered[-1][2] + 0.25 * high,
    ]
    for x in edges:
        _line(printed, (x, y0), (x, y1), level, thick)
    if rng.random() < 0.75:  # noqa: PLR2004 - a share
        for y in (y0, y1):
            _line(printed, (edges[0], y), (edges[-1], y), level, thick)


def _squared(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    """Print squares of a fifth to the whole of the digits' height."""
    _, top, _, bottom = _bounds(boxes)
    step = max(8.0, rng.uniform(0.22, 1.1) * max(bottom - top, 20))
    level = float(rng.uniform(30, 170))
    tall, wide = printed.shape
    thick, start = int(rng.integers(1, 3)), rng.uniform(0, step, 2)
    for x in np.arange(start[0], wide, step):
        _line(printed, (x, 0), (x, tall), level, thick)
    for y in np.arange(start[1], tall, step):
        _line(printed, (0, y), (wide, y), level, thick)


def _ring(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    """Draw a ring around the row, as far as the picture goes."""
    left, top, right, bottom = _bounds(boxes)
    high = max(bottom - top, 10)
    middle = (round((left + right) / 2), round((top + bottom) / 2))
    axes = (round((right - left) * 0.62 + rng.uniform(0.12, 0.6) * high), round(high * rng.uniform(0.6, 0.9)))
    start = rng.uniform(0, 360)
    cv2.ellipse(
        printed,
        middle,
        axes,
        rng.normal(0, 3),
        start,
        start + rng.uniform(310, 370),
        rng.uniform(150, 255),
        _thick(rng),
        cv2.LINE_AA,
    )


def _edge_of_the_paper(printed: Gray, boxes: Sequence[Box], rng: Rng) -> None:
    """Let the paper end, more or less askew, and show the dark table beyond one or two of its sides."""
    left, top, right, bottom = _bounds(boxes)
    tall, wide = printed.shape
    near = rng.uniform(0.0, 1.0, 2)
    above, below = top * near, bottom + (tall - bottom) * near
    before, behind = left * near, right + (wide - right) * near
    sides = (
        ((left, above[0]), (right, above[1]), (0.0, -_FAR)),
        ((left, below[0]), (right, below[1]), (0.0, _FAR)),
        ((before[0], top), (before[1], bottom), (-_FAR, 0.0)),
        ((behind[0], top), (behind[1], bottom), (_FAR, 0.0)),
    )
    level = float(rng.uniform(120, 255))
    for side in rng.choice(len(sides), int(rng.integers(1, 3)), replace=False).tolist():
        start, end, beyond = (np.array(point) for point in sides[side])
        along = (end - start) * (_FAR / max(np.abs(end - start).max(), 1.0))
        corners = np.array([start - along, end + along, end + along + beyond, start - along + beyond])
        cv2.fillPoly(printed, [np.rint(corners * 16).astype(np.int32)], level, cv2.LINE_AA, 4)


_LINES = (
    *(_ruled, _ruled, _ruled, _underlined, _cell, _cell, _cell, _comb, _squared, _squared, _ring, _ring),
    _edge_of_the_paper,
)


def print_patterns(count: int, shape: tuple[int, int], rng: Rng) -> list[Gray]:
    """Print weak patterns of paper to cut pieces from: waves, hatching, dots, grain, the light's slow changes."""
    return [(_pattern(shape, rng) * 255).astype(np.uint8) for _ in range(count)]


def _patch(patterns: Sequence[Gray], shape: tuple[int, int], rng: Rng) -> Floats:
    pattern = patterns[int(rng.integers(len(patterns)))]
    y, x = (int(rng.integers(have - want + 1)) for have, want in zip(pattern.shape, shape, strict=True))
    piece = pattern[y : y + shape[0], x : x + shape[1]]
    return np.asarray(piece[:: int(rng.choice((-1, 1))), :: int(rng.choice((-1, 1)))], np.float32)


def _pattern(shape: tuple[int, int], rng: Rng) -> Floats:
    tall, wide = shape
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32)
    kind = rng.random()
    if kind < 0.7:  # noqa: PLR2004 - shares
        made = np.zeros(shape, np.float32)
        for _ in range(1 if rng.random() < 0.5 else 2):  # noqa: PLR2004 - likewise
            made = np.maximum(made, _waves(x, y, rng))
        return made
    if kind < 0.8:  # noqa: PLR2004 - likewise
        step = rng.uniform(5, 14)
        dots = np.sin(x * 2 * np.pi / step) + np.sin(y * 2 * np.pi / step)
        return np.asarray(dots > rng.uniform(0.8, 1.6), np.float32)
    cells = int(rng.integers(6, 60))
    grain = rng.random((max(2, cells // 4), cells), dtype=np.float32)
    return np.asarray(np.clip(cv2.resize(grain, (wide, tall), interpolation=cv2.INTER_CUBIC), 0, 1), np.float32)


def _waves(x: Floats, y: Floats, rng: Rng) -> Floats:
    """Draw equidistant lines, straight, waved or bent."""
    turn, step = rng.uniform(0, np.pi), rng.uniform(4, 18)
    along, across = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    phase = x * across + y * along
    if rng.random() < 0.7:  # noqa: PLR2004 - a share
        phase += np.float32(rng.uniform(1, 8)) * np.sin(
            (x * along - y * across) * np.float32(2 * np.pi / rng.uniform(30, 200))
        )
    if rng.random() < 0.3:  # noqa: PLR2004 - likewise
        phase += np.float32(rng.normal(0, 0.002)) * (x - x.mean()) ** 2
    thin = rng.uniform(0.5, 0.97)
    waves = np.sin(phase * np.float32(2 * np.pi / step))
    return np.asarray(np.clip((waves - np.float32(thin)) / np.float32(1 - thin) * 1.5, 0, 1), np.float32)
