"""Draw what is no digit: letters, signs, shapes, scribbles, blots, touching digits, a digit on a ruled line.

A network that has only ever seen digits is as sure of a star as of a 4. These pictures are trained with every label
equally probable, so that it learns to be unsure of what it does not know (outlier exposure, Hendrycks et al. 2019).
"""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Crops, Gray
from recognizer.contract import SIDE
from recognizer.crop import fit
from recognizer.opencv import cv2
from trainer.arrays import Rng
from trainer.letters import letter
from trainer.pen import draw

Kind = TypeVar("Kind")

#: Pixels along each side of the paper drawn on; it is cropped and shrunk as the preparation does it.
_PAPER = 96
#: Printed characters that nobody takes for a digit in any of the fonts: no B, D, G, I, O, S, Z, b, g, l, o, q, s, z, !.
_CHARACTERS = "ACEFHJKMNPQRTUVWX" + "adfkmnprtuvwx" + "+*#@&%?$=^~"
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
#: Pen widths on the paper: a ball pen to a marker.
_THINNEST, _THICKEST = 4, 15
#: Shares of the pictures that are handwritten letters, the ones nearest to digits, and that are made of digits.
_HANDWRITTEN, _MADE_OF_DIGITS = 0.35, 0.2
#: Strength from which a pixel of the paper is ink.
_LEVEL = 64.0


def draw_others(count: int, rng: Rng, digits: Crops) -> Crops:
    """Draw `(count, 28, 28)` pictures that are no single digit; `digits` are `(n, 28, 28)` to put side by side."""
    images = np.zeros((count, SIDE, SIDE), np.uint8)
    for number in range(count):
        kind = rng.random()
        if kind < _HANDWRITTEN:
            images[number] = draw(letter(rng), rng)
        elif kind < _HANDWRITTEN + _MADE_OF_DIGITS:
            images[number] = fit(_chosen(_OF_DIGITS, rng)(rng, digits), _LEVEL)
        else:
            images[number] = fit(_chosen(_KINDS, rng)(rng), _LEVEL)
    return images


def _chosen(kinds: tuple[Kind, ...], rng: Rng) -> Kind:
    return kinds[int(rng.integers(len(kinds)))]


def _blank() -> Gray:
    return np.zeros((_PAPER, _PAPER), np.uint8)


def _pen(rng: Rng) -> int:
    return int(rng.integers(_THINNEST, _THICKEST))


def _points(rng: Rng, count: int) -> NDArray[np.int32]:
    return rng.integers(12, _PAPER - 12, (count, 2)).astype(np.int32)


def _character(rng: Rng) -> Gray:
    paper = _blank()
    character = _CHARACTERS[int(rng.integers(len(_CHARACTERS)))]
    font = _FONTS[int(rng.integers(len(_FONTS)))]
    cv2.putText(paper, character, (20, 72), font, 2.2, 255, _pen(rng) // 2 + 1, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((_PAPER / 2, _PAPER / 2), float(rng.uniform(-20, 20)), float(rng.uniform(0.7, 1.0)))
    return np.asarray(cv2.warpAffine(paper, turn, (_PAPER, _PAPER)), np.uint8)


def _scribble(rng: Rng) -> Gray:
    """Draw a smooth line through many points, as a hand that tries a pen."""
    paper, knots = _blank(), _points(rng, int(rng.integers(7, 13))).astype(float)
    places = np.linspace(0, len(knots) - 1, 60)
    line = np.stack([np.interp(places, range(len(knots)), knots[:, axis]) for axis in (0, 1)], axis=1)
    cv2.polylines(paper, [np.rint(line).astype(np.int32)], False, 255, _pen(rng), cv2.LINE_AA)  # noqa: FBT003 - as OpenCV has it
    return paper


def _polygon(rng: Rng) -> Gray:
    """Draw a triangle or a star as an outline, or fill a polygon of any kind; other outlines are taken for a 0."""
    filled = rng.random() < 0.3  # noqa: PLR2004 - a share
    paper, corners = _blank(), int(rng.choice((3, 4, 5, 6, 8) if filled else (3, 5, 5, 7)))
    step = 2 if corners in (5, 7) else 1  # the stars one draws in one stroke
    start, radius = rng.uniform(0, 2 * math.pi), rng.uniform(25, 42)
    angles = start + 2 * math.pi * step * np.arange(corners) / corners
    corner = _PAPER / 2 + radius * np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.6, 1.0)], axis=1)
    points = [np.rint(corner).astype(np.int32)]
    if filled:
        cv2.fillPoly(paper, points, 255, cv2.LINE_AA)
    else:
        cv2.polylines(paper, points, True, 255, _pen(rng), cv2.LINE_AA)  # noqa: FBT003 - as OpenCV has it
    return paper


def _crossing_lines(rng: Rng) -> Gray:
    paper = _blank()
    for _ in range(int(rng.integers(4, 8))):
        start, end = _points(rng, 2).tolist()
        cv2.line(paper, start, end, 255, _pen(rng), cv2.LINE_AA)
    return paper


def _blot(rng: Rng) -> Gray:
    """Fill an ellipse, round enough to be no 1."""
    paper = _blank()
    axes = (int(rng.integers(18, 40)), int(rng.integers(18, 40)))
    cv2.ellipse(paper, (_PAPER // 2, _PAPER // 2), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    return paper


def _marked_circle(rng: Rng) -> Gray:
    """Draw a ring with something in it: a face, a target, a crossed sign."""
    paper, middle = _blank(), (_PAPER // 2, _PAPER // 2)
    cv2.circle(paper, middle, int(rng.integers(28, 40)), 255, _pen(rng) // 2 + 2, cv2.LINE_AA)
    for _ in range(int(rng.integers(2, 5))):
        place = (_PAPER // 2 + rng.integers(-16, 17, 2)).tolist()
        cv2.circle(paper, place, int(rng.integers(3, 7)), 255, -1, cv2.LINE_AA)
    return paper


def _texture(rng: Rng) -> Gray:
    """Give a patch of something photographed: coarse noise, blurred and cut at a level."""
    cells = int(rng.integers(5, 12))
    noise = cv2.resize(rng.integers(0, 256, (cells, cells)).astype(np.uint8), (_PAPER, _PAPER))
    return np.asarray(cv2.threshold(noise, float(rng.integers(110, 150)), 255, cv2.THRESH_BINARY)[1], np.uint8)


def _two_digits(rng: Rng, digits: Crops) -> Gray:
    """Put two digits side by side so that they touch or nearly do."""
    left, right = (_trimmed(digits[int(rng.integers(len(digits)))]) for _ in range(2))
    overlap = int(rng.integers(-1, 4))
    paper = np.zeros((SIDE, left.shape[1] + right.shape[1] + SIDE), np.uint8)
    for digit, start in ((left, 4), (right, 4 + left.shape[1] - overlap)):
        top = int(rng.integers(0, SIDE - len(digit) + 1)) if len(digit) < SIDE else 0
        place = paper[top : top + len(digit), start : start + digit.shape[1]]
        np.maximum(place, digit, out=place)
    return paper


def _on_a_line(rng: Rng, digits: Crops) -> Gray:
    """Put a digit on or across a ruled line that is far longer than it is wide."""
    digit = _trimmed(digits[int(rng.integers(len(digits)))])
    height, width = digit.shape
    length = int(width + height * rng.uniform(0.8, 3.0))
    paper = np.zeros((height + 2, length), np.uint8)
    left = int(rng.integers(0, length - width + 1))
    paper[:height, left : left + width] = digit
    row = int(rng.integers(height // 4, height))
    paper[row : row + int(rng.integers(1, 3))] = 255
    return paper


def _trimmed(digit: Gray) -> Gray:
    left, top, width, height = cv2.boundingRect(digit)
    return digit[top : top + height, left : left + width]


#: Each is drawn as often as it is listed.
_KINDS: tuple[Callable[[Rng], Gray], ...] = (
    _character, _character, _character, _scribble, _scribble, _polygon, _polygon, _crossing_lines, _blot,
    _marked_circle, _texture,
)  # fmt: skip
_OF_DIGITS: tuple[Callable[[Rng, Crops], Gray], ...] = (_two_digits, _two_digits, _two_digits, _on_a_line)
