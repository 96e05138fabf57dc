"""Write what nobody may take for a digit: struck-out and corrected ones, letters and other marks."""

from collections.abc import Callable, Sequence

import numpy as np

from bench.situations.paper import DIGIT, SHEET, TALL, TOP, enlarged, on_paper
from bench.situations.row import Mark, Point, digits_of, row, strokes
from recognizer.arrays import Gray
from recognizer.opencv import cv2
from trainer.arrays import Rng

Write = Callable[[Sequence[Mark], Rng], Gray]

#: Digits of which a bar makes no other one: a 7 and a 4 may have it, and a 1 becomes a 7.
_STRIKABLE = "0235689"
#: Capitals without a digit's form, as a hand writes them: points in shares of a digit's height.
_CAPITALS: tuple[Sequence[Sequence[Point]], ...] = (
    (((0.0, 1.0), (0.35, 0.0), (0.75, 1.0)), ((0.12, 0.65), (0.62, 0.65))),  # A
    (((0.6, 0.0), (0.0, 0.0), (0.0, 1.0), (0.6, 1.0)), ((0.0, 0.5), (0.5, 0.5))),  # E
    (((0.6, 0.0), (0.0, 0.0), (0.0, 1.0)), ((0.0, 0.5), (0.5, 0.5))),  # F
    (((0.0, 0.0), (0.0, 1.0)), ((0.65, 0.0), (0.65, 1.0)), ((0.0, 0.5), (0.65, 0.5))),  # H
    (((0.0, 0.0), (0.0, 1.0)), ((0.6, 0.0), (0.0, 0.55), (0.65, 1.0))),  # K
    (((0.0, 1.0), (0.1, 0.0), (0.45, 0.7), (0.8, 0.0), (0.9, 1.0)),),  # M
    (((0.0, 1.0), (0.05, 0.0), (0.6, 1.0), (0.65, 0.0)),),  # N
    (((0.0, 1.0), (0.0, 0.0), (0.5, 0.1), (0.5, 0.4), (0.0, 0.5), (0.6, 1.0)),),  # R
    (((0.0, 0.0), (0.2, 1.0), (0.45, 0.3), (0.7, 1.0), (0.9, 0.0)),),  # W
)
#: The same in print.
_LETTERS = "AEFHKMNPRVWXaekmnrwx"
#: Fonts and thicknesses. OpenCV 5 prints Hershey's fonts in one typeface, of whose weights these are the lighter ones.
_FONTS = ((cv2.FONT_HERSHEY_SIMPLEX, 1), (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1), (cv2.FONT_HERSHEY_DUPLEX, 1))


def _struck_out(digit: Gray, rng: Rng) -> Gray:
    """Give a digit's ink with a level bar through it that reaches beyond it on both sides."""
    ink = enlarged(digit)
    left, _, width, _ = cv2.boundingRect(ink)
    y, tilt = TOP + int(rng.uniform(0.35, 0.65) * TALL), int(rng.integers(-10, 11))
    before, after = rng.integers(10, 22, 2).tolist()
    start, end = (max(left - before, 0), y + tilt), (min(left + width + after, DIGIT - 1), y - tilt)
    return np.asarray(cv2.line(ink, start, end, 255, int(rng.integers(7, 12)), cv2.LINE_AA), np.uint8)


def _corrected(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Strike out the first digit, and write the others beside it."""
    first, *others = digits_of(marks)
    return row([_struck_out(first, rng), *others], rng)


def _printed(text: str, rng: Rng) -> Gray:
    """Print a character as high as a digit."""
    (font, thick), paper = _FONTS[int(rng.integers(len(_FONTS)))], np.full((SHEET, SHEET), 255, np.uint8)
    place = (SHEET // 3, SHEET * 2 // 3)
    return np.asarray(cv2.putText(paper, text, place, font, rng.uniform(3.0, 4.5), 0, thick, cv2.LINE_AA), np.uint8)


def _by_hand(lines: Sequence[Sequence[Point]], rng: Rng) -> Gray:
    """Write lines with a hand that strays, and at a slant."""
    slant = rng.uniform(-0.05, 0.25)
    moved = [
        [(x + slant * (1 - y), y) for x, y in np.array(line) + rng.normal(0, 0.03, (len(line), 2))] for line in lines
    ]
    return on_paper(strokes(moved, rng), rng)


def _letter(rng: Rng) -> Gray:
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return _printed(str(rng.choice(list(_LETTERS))), rng)
    return _by_hand(_CAPITALS[int(rng.integers(len(_CAPITALS)))], rng)


def _question_mark(rng: Rng) -> Gray:
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return _printed("?", rng)
    turns = np.linspace(np.pi, 2.4 * np.pi, 12)
    bow = [(0.28 + 0.26 * np.cos(turn), 0.26 + 0.26 * np.sin(turn)) for turn in turns]
    foot = [(0.28, rng.uniform(0.5, 0.6)), (0.28, 0.72)]
    return on_paper(strokes([[*bow, *foot], [(0.28, 0.97), (0.29, 0.97)]], rng), rng)


def _tick(rng: Rng) -> Gray:
    foot = (rng.uniform(0.25, 0.4), rng.uniform(0.9, 1.0))
    end = (rng.uniform(0.8, 1.0), rng.uniform(0.0, 0.2))
    return on_paper(strokes([[(0.0, rng.uniform(0.5, 0.7)), foot, end]], rng), rng)


def _cross(rng: Rng) -> Gray:
    return _by_hand((((0.1, 0.1), (0.9, 0.9)), ((0.1, 0.9), (0.9, 0.1))), rng)


#: How others are written, and the patterns of the digits in them, as for numbers.
OTHERS: dict[str, tuple[tuple[str, ...], Write]] = {
    "struck-out digit": (
        tuple(_STRIKABLE),
        lambda marks, rng: on_paper(_struck_out(digits_of(marks)[0], rng), rng),
    ),
    "struck-out digit, then another": (tuple(f"{digit}#" for digit in _STRIKABLE), _corrected),
    "question mark": (("",), lambda _, rng: _question_mark(rng)),
    "tick": (("",), lambda _, rng: _tick(rng)),
    "cross": (("",), lambda _, rng: _cross(rng)),
    "letter": (("",), lambda _, rng: _letter(rng)),
}
