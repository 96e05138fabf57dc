"""Draw the ink of one mark: a digit of MNIST or of a pen, a sign, or another mark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.arrays import Crops, Gray
from recognizer.opencv import cv2
from recognizer.symbols import Symbol
from trainer.arrays import Rng
from trainer.letters import letter_of_a_word
from trainer.numbers import hands
from trainer.pen import Stroke, arc, by_hand, curve, line

#: Bits of a coordinate's fraction: OpenCV then draws lines between pixels.
_FRACTION = 4
#: Thinnest pens for strokes and for points, in pixels: a point of less would not be seen.
_THINNEST, _THINNEST_POINT = 1, 4
#: Grey level of MNIST's strokes at which they keep their width.
_EDGE = 110.0


@dataclass(frozen=True)
class Hand:
    """One person's hand: pen width as a share of the height, slant, and the share of drawn digits."""

    pen: float
    slant: float
    drawn: float
    unsteady: float


@dataclass(frozen=True)
class Glyph:
    """The ink of one mark, cut to it, `(h, w)` uint8; `drop` is how far below the line's top it begins, in heights."""

    ink: Gray
    drop: float = 0.0


def a_hand(rng: Rng) -> Hand:
    """Choose a person's hand."""
    return Hand(
        pen=float(min(0.24, np.exp(rng.normal(math.log(0.09), 0.4)))),
        slant=float(rng.normal(0.13, 0.26)),
        drawn=float(rng.choice((0.0, 0.5, 1.0), p=(0.35, 0.35, 0.3))),
        unsteady=float(rng.uniform(0.0, 0.12)),
    )


def digit(label: int, height: float, hand: Hand, rng: Rng, samples: Sequence[Crops]) -> Glyph:
    """Write a digit `height` pixels high; `samples` holds MNIST's `(n, 28, 28)` pictures of each label."""
    if rng.random() < hand.drawn:
        return Glyph(_drawn(hands.digit(label, rng), height, hand, rng))
    pictures = samples[label]
    return Glyph(_scanned(pictures[int(rng.integers(len(pictures)))], height, hand, rng))


def sign(symbol: Symbol, height: float, hand: Hand, rng: Rng) -> Glyph:
    """Write a sign between digits that are `height` pixels high."""
    strokes, drop = _SIGNS[symbol](rng)
    thinnest = _THINNEST_POINT if symbol in _WITH_POINTS else _THINNEST
    return Glyph(_lines(strokes, height, _pen(height, hand, rng, thinnest), rng), drop)


def _scanned(picture: Gray, height: float, hand: Hand, rng: Rng) -> Gray:
    """Enlarge one of MNIST's digits with a slant, and bring its strokes nearer to the pen's width."""
    left, top, width, tall = cv2.boundingRect(cv2.compare(picture, 60, cv2.CMP_GT))
    scale = height / max(tall, 12)
    stretch = scale * math.exp(rng.normal(0.0, 0.12))
    shear = hand.slant * 0.7 + rng.normal(0.0, hand.unsteady)
    turned = np.array([[1.0, -shear * scale / stretch], [rng.normal(0.0, 0.04), 1.0]]) @ np.diag((stretch, scale))
    corners = turned @ np.array([[0, width, 0, width], [0, 0, tall, tall]], float)
    low = corners.min(axis=1) - 1
    size = np.ceil(corners.max(axis=1) - low).astype(int) + 2
    matrix = np.column_stack([turned, -low - turned @ np.array([left, top])])
    large = cv2.warpAffine(picture, matrix, size.tolist(), flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    usual = 0.13  # a stroke of MNIST, as a share of the digit's height
    edge = _EDGE - float(np.clip((hand.pen - usual) * 900, -70, 70)) + rng.normal(0, 12)
    gain = rng.uniform(1.6, 4.0)
    return _trimmed(np.clip((large.astype(np.float32) - edge) * gain + 127, 0, 255).astype(np.uint8))


def _drawn(strokes: Sequence[Stroke], height: float, hand: Hand, rng: Rng) -> Gray:
    """Draw strokes with a person's hand, `height` pixels high."""
    points = by_hand(np.concatenate(strokes), rng)
    points[:, 0] -= points[:, 1] * (hand.slant + rng.normal(0.0, hand.unsteady))
    points = (points - points.min(axis=0)) * (height / max(np.ptp(points[:, 1]), 0.4 * np.ptp(points[:, 0]), 1e-3))
    return _inked(points, [len(stroke) for stroke in strokes], _pen(height, hand, rng, _THINNEST))


def _lines(strokes: Sequence[Stroke], height: float, pen: int, rng: Rng) -> Gray:
    """Draw strokes in their own proportions."""
    points = np.concatenate(strokes)
    points = points + rng.normal(0, 0.015, points.shape)
    points = (points - points.min(axis=0)) * height
    return _inked(points, [len(stroke) for stroke in strokes], pen)


def _pen(height: float, hand: Hand, rng: Rng, least: int) -> int:
    return max(least, round(height * hand.pen * math.exp(rng.normal(0.0, 0.12))))


def _inked(points: Stroke, lengths: Sequence[int], pen: int) -> Gray:
    points = points + pen + 1
    width, tall = (math.ceil(side) + pen + 2 for side in points.max(axis=0))
    paper = np.zeros((tall, width), np.uint8)
    fixed = np.rint(points * 2**_FRACTION).astype(np.int32)
    parts = np.split(fixed, np.cumsum(lengths)[:-1])
    cv2.polylines(paper, parts, False, 255, pen, cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's positional flag
    return _trimmed(paper)


def _trimmed(ink: Gray) -> Gray:
    left, top, width, height = cv2.boundingRect(cv2.compare(ink, 60, cv2.CMP_GT))
    return ink[top : top + max(height, 1), left : left + max(width, 1)]


def _dot() -> Stroke:
    return line((0.0, 0.0), (0.02, 0.01))


def _point(rng: Rng) -> tuple[list[Stroke], float]:
    """Touch the paper, or draw a small ring, at the foot of the line."""
    if rng.random() < 0.3:  # noqa: PLR2004 - a share
        reach = rng.uniform(0.01, 0.06)
        return [arc((0, 0), (reach, reach), 0, 360)], rng.uniform(0.82, 1.0)
    return [line((0.0, 0.0), (rng.uniform(-0.03, 0.06), rng.uniform(-0.02, 0.05)))], rng.uniform(0.8, 1.0)


def _comma(rng: Rng) -> tuple[list[Stroke], float]:
    long = rng.uniform(0.13, 0.45)
    return [curve((0.03, 0.0), (0.05, long * 0.4), (-long * rng.uniform(0.1, 0.8), long))], rng.uniform(0.75, 1.08)


def _dash(rng: Rng) -> tuple[list[Stroke], float]:
    long = rng.uniform(0.22, 1.0) if rng.random() < 0.9 else rng.uniform(1.0, 2.5)  # noqa: PLR2004 - a share
    rise = rng.normal(0, 0.06) if rng.random() < 0.7 else rng.uniform(-0.45, 0.15)  # noqa: PLR2004 - likewise
    bend = (long * rng.uniform(0.3, 0.7), rise / 2 + rng.normal(0, 0.05))
    return [curve((0.0, 0.0), bend, (long, rise))], rng.uniform(0.3, 0.72)


def _slash(rng: Rng) -> tuple[list[Stroke], float]:
    high, aslant = rng.uniform(1.0, 1.55), rng.uniform(0.25, 0.75)
    return [line((aslant * high, 0.0), (0.0, high))], rng.uniform(-0.25, 0.0)


def _colon(rng: Rng) -> tuple[list[Stroke], float]:
    apart, top = rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.5)
    return [_dot(), _dot() + np.array([rng.normal(0, 0.03), apart])], top


def _equals(rng: Rng) -> tuple[list[Stroke], float]:
    long, apart = rng.uniform(0.25, 0.7), rng.uniform(0.14, 0.3)
    upper = line((0.0, 0.0), (long, rng.normal(0, 0.05)))
    return [
        upper,
        upper * np.array([rng.uniform(0.7, 1.2), 1.0]) + np.array([rng.normal(0, 0.05), apart]),
    ], rng.uniform(0.3, 0.6)


_WITH_POINTS = {Symbol.POINT, Symbol.COMMA, Symbol.COLON}
_SIGNS = {
    Symbol.POINT: _point,
    Symbol.COMMA: _comma,
    Symbol.DASH: _dash,
    Symbol.SLASH: _slash,
    Symbol.COLON: _colon,
    Symbol.EQUALS: _equals,
}


def question_mark(rng: Rng) -> list[Stroke]:
    """Draw a hook and a dot below it."""
    wide = rng.uniform(0.3, 0.55)
    hook = curve((0.0, 0.22), (wide * 0.5, 0.0), (wide, 0.22), (wide * 0.55, 0.5), (wide * 0.5, rng.uniform(0.66, 0.8)))
    return [hook, _dot() + np.array([wide * 0.5, 1.0])]


def tick(rng: Rng) -> list[Stroke]:
    """Go down a little and up far."""
    low = rng.uniform(0.15, 0.35)
    return [line((0.0, rng.uniform(0.4, 0.7)), (low, 1.0), (rng.uniform(0.7, 1.2), 0.0))]


def scribble(rng: Rng) -> list[Stroke]:
    """Go to and fro, as a hand that tries a pen or makes something unreadable."""
    count = int(rng.integers(6, 14))
    return [curve(*(rng.uniform(0, 1, (count, 2)) * (rng.uniform(0.6, 1.6), 1.0)).tolist())]


def shape(rng: Rng) -> list[Stroke]:
    """Draw a shape that is no digit: a star, a cross, a triangle, a plus, a face, a sign of currency, a heart."""
    return _SHAPES[int(rng.integers(len(_SHAPES)))](rng)


def _star(_: Rng) -> list[Stroke]:
    angles = -math.pi / 2 + 4 * math.pi / 5 * np.arange(6)
    return [np.stack([np.cos(angles), np.sin(angles)], axis=1) / 2 + 0.5]


def _face(_: Rng) -> list[Stroke]:
    eyes = (_dot() + np.array([place, 0.35]) for place in (0.35, 0.65))
    return [arc((0.5, 0.5), (0.5, 0.5), 0, 360), *eyes, arc((0.5, 0.5), (0.3, 0.3), 20, 140)]


def _currency(rng: Rng) -> list[Stroke]:
    bow = curve((0.6, 0.25), (0.3, 0.12), (0.05, 0.3), (0.35, 0.5), (0.6, 0.7), (0.3, 0.9), (0.0, 0.75))
    return [bow, *(line((x, 0.0), (x, 1.0)) for x in ((0.32,), (0.25, 0.4))[int(rng.integers(2))])]


def _heart(_: Rng) -> list[Stroke]:
    left = curve((0.5, 0.3), (0.25, 0.0), (0.0, 0.3), (0.5, 1.0))
    return [left, curve((0.5, 0.3), (0.75, 0.0), (1.0, 0.3), (0.5, 1.0))]


_SHAPES: tuple[Callable[[Rng], list[Stroke]], ...] = (
    _star,
    lambda _: [line((0, 0), (0.8, 1)), line((0.8, 0), (0, 1))],
    lambda _: [line((0.5, 0), (1, 1), (0, 1), (0.5, 0))],
    lambda _: [line((0.4, 0), (0.4, 1)), line((0, 0.5), (0.8, 0.5))],
    _face,
    _currency,
    _heart,
)


def other(height: float, hand: Hand, rng: Rng, samples: Sequence[Crops]) -> Glyph:
    """Draw a mark that is no digit and no sign, `height` pixels high: a letter, a shape, a digit that is struck out."""
    kind = rng.random()
    for share, strokes in _OTHERS:
        if kind < share:
            return Glyph(_drawn(strokes(rng), height, hand, rng))
    if kind < _BLOTS:
        return Glyph(_blot(height, rng))
    return struck_out(digit(int(rng.integers(10)), height, hand, rng, samples), hand, rng)


#: The other marks, each with its upper bound of a random number; then blots; the rest is struck out.
_OTHERS: tuple[tuple[float, Callable[[Rng], list[Stroke]]], ...] = (
    (0.3, letter_of_a_word),
    (0.42, question_mark),
    (0.52, tick),
    (0.62, shape),
    (0.68, scribble),
)
_BLOTS = 0.71


def _blot(height: float, rng: Rng) -> Gray:
    """Fill an ellipse, round enough to be no 1."""
    axes = (max(2, round(height * rng.uniform(0.3, 0.7))), max(2, round(height / 2)))
    paper = np.zeros((2 * axes[1] + 3, 2 * axes[0] + 3), np.uint8)
    cv2.ellipse(paper, (axes[0] + 1, axes[1] + 1), axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
    return _trimmed(paper)


def struck_out(glyph: Glyph, hand: Hand, rng: Rng) -> Glyph:
    """Strike a digit out: a bar or two through it, a cross, or a scribble over it."""
    tall, wide = glyph.ink.shape
    margin = int(0.35 * tall)
    paper = cv2.copyMakeBorder(glyph.ink, margin // 2, margin // 2, margin, margin, cv2.BORDER_CONSTANT)
    pen = max(1, round(tall * hand.pen * rng.uniform(0.7, 1.2)))
    left, right = margin - int(tall * rng.uniform(0.02, 0.33)), margin + wide + int(tall * rng.uniform(0.02, 0.33))
    high, top = tall + margin, margin // 2
    kind = rng.random()
    if kind < 0.5:  # noqa: PLR2004 - shares
        for _ in range(1 if rng.random() < 0.65 else 2):  # noqa: PLR2004 - likewise
            y = top + tall * rng.uniform(0.3, 0.7)
            tilt = tall * rng.normal(-0.05, 0.12)
            _stroke(paper, (left, y - tilt), (right, y + tilt), pen)
    elif kind < 0.8:  # noqa: PLR2004 - likewise
        _stroke(paper, (left, top + tall * rng.uniform(-0.1, 0.2)), (right, top + tall * rng.uniform(0.8, 1.1)), pen)
        if rng.random() < 0.7:  # noqa: PLR2004 - likewise
            _stroke(
                paper, (left, top + tall * rng.uniform(0.8, 1.1)), (right, top + tall * rng.uniform(-0.1, 0.2)), pen
            )
    else:
        count = int(rng.integers(6, 12))
        xs = np.where(np.arange(count) % 2, right, left) + rng.normal(0, 0.08 * tall, count)
        ys = top + tall * np.linspace(rng.uniform(0, 0.3), rng.uniform(0.7, 1), count)
        fixed = np.rint(np.stack([xs, np.clip(ys, 0, high)], axis=1) * 2**_FRACTION).astype(np.int32)
        cv2.polylines(paper, [fixed], False, 255, pen, cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's flag
    return Glyph(_trimmed(paper))


def _stroke(paper: Gray, start: tuple[float, float], end: tuple[float, float], pen: int) -> None:
    fixed = np.rint(np.array([start, end]) * 2**_FRACTION).astype(np.int32)
    cv2.polylines(paper, [fixed], False, 255, pen, cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's flag
