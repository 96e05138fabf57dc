"""Count how many digits are read right in the situations that people's pictures come in: `python -m bench.situations`.

MNIST's test digits are put on made-up sheets: on ruled or squared paper, in a box, in a shadow, in faint pencil, in
colour, thin, thick, broken, cropped to the ink, grainy, in a corner of an empty page, askew on a dark table, on a
transparent ground, several in a row.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.image import decode
from recognizer.model import active_version, load_model
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from recognizer.reader import read
from recognizer.reading import Verdict
from settings import load_settings
from trainer import mnist

Gray = NDArray[np.uint8]
Rng = np.random.Generator
#: Pixels of a sheet's sides, and of the digit on it.
SHEET, DIGIT = 240, 120


def _sheet(digit: Gray, rng: Rng, *, size: int = DIGIT, pen: int = 0, side: int = SHEET) -> Gray:
    """Write a digit black on white somewhere near the middle; `pen` pixels thicker, or thinner if negative."""
    ink = cv2.resize(digit, (size, size), interpolation=cv2.INTER_CUBIC)
    if pen:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(pen), abs(pen)))
        ink = cv2.dilate(ink, kernel) if pen > 0 else cv2.erode(ink, kernel)
    paper = np.full((side, side), 255, np.uint8)
    top, left = ((side - size) // 2 + rng.integers(-20, 21, 2)).tolist()
    paper[top : top + size, left : left + size] = 255 - ink
    return paper


def _ruled(digit: Gray, rng: Rng) -> Gray:
    paper = _sheet(digit, rng)
    start = int(rng.integers(0, 12))
    for y in (start, start + 210):
        cv2.line(paper, (0, y), (SHEET, y + 2), 120, 2)
    return paper


def _on_a_line(digit: Gray, rng: Rng) -> Gray:
    """Let the digit stand on the line it touches."""
    paper = _sheet(digit, rng)
    foot = int(np.flatnonzero((paper < 128).any(axis=1))[-1])  # noqa: PLR2004 - half strength
    cv2.line(paper, (0, foot - 2), (SHEET, foot), 90, 2)
    return paper


def _squared(digit: Gray, rng: Rng) -> Gray:
    paper = _sheet(digit, rng)
    for place in range(int(rng.integers(0, 24)), SHEET, 24):
        paper[place] = np.minimum(paper[place], 225)
        paper[:, place] = np.minimum(paper[:, place], 225)
    return paper


def _boxed(digit: Gray, rng: Rng) -> Gray:
    paper = _sheet(digit, rng)
    cv2.rectangle(paper, (18, 16), (222, 224), int(rng.integers(0, 120)), int(rng.integers(2, 6)))
    return paper


def _touching_its_box(digit: Gray, rng: Rng) -> Gray:
    """Let the digit reach over one side of the box."""
    paper = _sheet(digit, rng)
    _, _, _, height = box = cv2.boundingRect(255 - cv2.threshold(paper, 127, 255, cv2.THRESH_BINARY)[1])
    left, top = box[0] - 30, box[1] - 30
    right, bottom = box[0] + box[2] + 30, box[1] + height - int(rng.integers(2, 8))
    cv2.rectangle(paper, (left, top), (right, bottom), 60, 3)
    return paper


def _shadowed(digit: Gray, rng: Rng) -> Gray:
    light = np.linspace(1.0, rng.uniform(0.3, 0.5), SHEET)
    lit = _sheet(digit, rng) * (light if rng.random() < 0.5 else light[:, None])  # noqa: PLR2004 - a coin
    return _photographed(lit, rng)


def _half_shadowed(digit: Gray, rng: Rng) -> Gray:
    light = np.ones((SHEET, SHEET))
    light[:, int(rng.integers(60, 180)) :] = 0.6
    return _photographed(_sheet(digit, rng) * cv2.blur(light, (15, 15)), rng)


def _photographed(paper: NDArray[np.float64], rng: Rng) -> Gray:
    grainy = cv2.blur(paper, (3, 3)) * 0.9 + rng.normal(0, 5, paper.shape)
    return np.asarray(np.clip(grainy, 0, 255), np.uint8)


def _pencil(digit: Gray, rng: Rng) -> Gray:
    faint = 225 - (255 - _sheet(digit, rng, pen=-5).astype(float)) * rng.uniform(0.15, 0.3)
    return np.clip(faint + rng.normal(0, 3, faint.shape), 0, 255).astype(np.uint8)


def _coloured(digit: Gray, rng: Rng) -> Gray:
    strength = (255 - _sheet(digit, rng).astype(float))[..., None] / 255
    pen, paper = rng.integers(0, 160, 3), rng.integers(190, 256, 3)
    pen[rng.integers(3)] = 220
    mixed = (paper * (1 - strength) + pen * strength).astype(np.uint8)
    return decode(cv2.imencode(".png", mixed)[1].tobytes())


def _in_a_corner(digit: Gray, rng: Rng) -> Gray:
    page = np.full((1000, 800), 250, np.uint8)
    size = int(rng.integers(40, 90))
    top, left = (int(rng.choice((6, side - size - 6))) for side in page.shape)
    page[top : top + size, left : left + size] = np.minimum(250, 255 - cv2.resize(digit, (size, size)))
    return page


def _askew(digit: Gray, rng: Rng) -> Gray:
    turn = cv2.getRotationMatrix2D((SHEET / 2, SHEET / 2), float(rng.uniform(8, 14) * rng.choice((-1, 1))), 1.0)
    return np.asarray(cv2.warpAffine(_sheet(digit, rng), turn, (SHEET, SHEET), borderValue=20), np.uint8)


def _transparent(digit: Gray, rng: Rng) -> Gray:
    alpha = 255 - _sheet(digit, rng)
    pixels = np.dstack([np.zeros((*alpha.shape, 3), np.uint8), alpha])
    return decode(cv2.imencode(".png", pixels)[1].tobytes())


def _circled(digit: Gray, rng: Rng) -> Gray:
    paper = np.full((300, 300), 255, np.uint8)
    paper[30:270, 30:270] = _sheet(digit, rng)
    left, top, width, height = cv2.boundingRect(cv2.compare(paper, 128, cv2.CMP_LT))
    x, y = (np.array([left + width // 2, top + height // 2]) + rng.integers(-8, 9, 2)).tolist()
    start, gap, turn = rng.uniform((0, 0, 0), (360, 40, 90)).tolist()
    axes = rng.integers(80, 90, 2).tolist()
    ring = cv2.ellipse(paper, (x, y), axes, turn, start, start + 360 - gap, 30, int(rng.integers(3, 7)))
    return np.asarray(ring, np.uint8)


def _underlined(digit: Gray, rng: Rng) -> Gray:
    paper = _sheet(digit, rng)
    left, top, width, height = cv2.boundingRect(cv2.compare(paper, 128, cv2.CMP_LT))
    before, after = rng.integers(5, 20, 2).tolist()
    foot = top + height + int(rng.integers(6, 16))
    start, end = (left - before, foot), (left + width + after, foot + int(rng.integers(-4, 5)))
    return np.asarray(cv2.line(paper, start, end, 20, int(rng.integers(3, 7))), np.uint8)


def _cropped(digit: Gray, rng: Rng) -> Gray:
    """Cut the sheet to the digit's ink and a few pixels."""
    paper = _sheet(digit, rng)
    left, top, width, height = cv2.boundingRect(cv2.compare(paper, 128, cv2.CMP_LT))
    margin = int(rng.integers(0, 5))
    cut = paper[top - margin : top + height + margin, left - margin : left + width + margin]
    light = np.linspace(1.0, rng.uniform(0.7, 1.0), cut.shape[1])
    return np.asarray((60 + cut * 0.6) * light, np.uint8)


def _in_the_dark(digit: Gray, rng: Rng) -> Gray:
    """Take a photograph so grainy that one pixel in twenty of the paper is as dark as ink."""
    contrast = rng.uniform(40, 120)
    dim = 60 + _sheet(digit, rng) * (contrast / 255)
    return np.asarray(np.clip(dim + rng.normal(0, contrast / 3, dim.shape), 0, 255), np.uint8)


def _broken(digit: Gray, rng: Rng) -> Gray:
    """Break the strokes along a straight line somewhere through the ink, as a bad scan does."""
    paper = _sheet(digit, rng)
    y, x = rng.choice(np.argwhere(paper < 128))  # noqa: PLR2004 - half strength
    turn = rng.uniform(0, np.pi)
    across, down = round(SHEET * np.cos(turn)), round(SHEET * np.sin(turn))
    ends = (int(x) - across, int(y) - down), (int(x) + across, int(y) + down)
    return np.asarray(cv2.line(paper, *ends, 255, int(rng.integers(4, 12))), np.uint8)


#: One digit each.
SINGLE: dict[str, Callable[[Gray, Rng], Gray]] = {
    "black on white": _sheet,
    "white on black": lambda digit, rng: 255 - _sheet(digit, rng),
    "ruled paper": _ruled,
    "standing on a line": _on_a_line,
    "underlined": _underlined,
    "in a ring": _circled,
    "squared paper": _squared,
    "in a box": _boxed,
    "touching its box": _touching_its_box,
    "light falls off": _shadowed,
    "half in shadow": _half_shadowed,
    "faint pencil": _pencil,
    "coloured pen and paper": _coloured,
    "broken by a gap": _broken,
    "cropped to the ink": _cropped,
    "grainy, taken in the dark": _in_the_dark,
    "thin pen": lambda digit, rng: _sheet(digit, rng, pen=-7),
    "marker": lambda digit, rng: _sheet(digit, rng, pen=7),
    "small, in a corner of a page": _in_a_corner,
    "askew on a dark table": _askew,
    "transparent ground": _transparent,
}


def _row(digits: list[Gray], rng: Rng, gap: int) -> Gray:
    """Write digits in a row, so many pixels between their ink; below zero they touch."""
    inks = [cv2.resize(digit, (DIGIT, DIGIT), interpolation=cv2.INTER_CUBIC) for digit in digits]
    inks = [np.ascontiguousarray(ink[:, ink.max(axis=0) > 127]) for ink in inks]  # noqa: PLR2004 - half strength
    paper = np.zeros((SHEET, 80 + sum(ink.shape[1] + gap for ink in inks)), np.uint8)
    left = 40
    for ink in inks:
        top = int(rng.integers(50, 70))
        window = paper[top : top + DIGIT, left : left + ink.shape[1]]
        np.maximum(window, ink, out=window)
        left += ink.shape[1] + gap
    return 255 - paper


def _comb(digits: list[Gray], rng: Rng, *, beyond: bool = False) -> Gray:
    """Write each digit in its own box of a form; the first one `beyond` its box's lower side."""
    cell = 150
    paper = np.full((cell + 100, cell * len(digits) + 40), 255, np.uint8)
    for index, digit in enumerate(digits):
        left = 20 + cell * index
        top, aside = rng.integers(8, 22, 2).tolist()
        ink = cv2.resize(digit, (DIGIT, DIGIT), interpolation=cv2.INTER_CUBIC)
        if beyond and not index:
            foot = int(np.flatnonzero((ink > 127).any(axis=1))[-1])  # noqa: PLR2004 - half strength
            top = cell + int(rng.integers(4, 10)) - foot
        window = paper[20 + top : 20 + top + DIGIT, left + aside : left + aside + DIGIT]
        np.minimum(window, 255 - ink, out=window)
        cv2.rectangle(paper, (left, 20), (left + cell, 20 + cell), 100, 2)
    return paper


def _grid(digits: list[Gray], rng: Rng) -> Gray:
    """Write the digits in two rows."""
    half = len(digits) // 2
    rows = [_row(part, rng, 18) for part in (digits[:half], digits[half:])]
    width = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=255) for row in rows])


#: Several digits each: how many, and how they are written.
SEVERAL: dict[str, tuple[int, Callable[[list[Gray], Rng], Gray]]] = {
    "four in a row": (4, lambda digits, rng: _row(digits, rng, 18)),
    "two that touch": (2, lambda digits, rng: _row(digits, rng, -3)),
    "four in a form's boxes": (4, _comb),
    "one touches its box": (4, lambda digits, rng: _comb(digits, rng, beyond=True)),
    "two rows of three": (6, _grid),
}


def _line(name: str, pictures: list[Gray], wanted: list[str], model: object) -> str:
    readings = read([prepare(picture) for picture in pictures], model)  # type: ignore[arg-type]
    right = [
        "".join(str(digit.label) for digit in one.digits) == label for one, label in zip(readings, wanted, strict=True)
    ]
    accepted = [one.verdict is Verdict.ACCEPTED for one in readings]
    wrong = sum(sure and not good for sure, good in zip(accepted, right, strict=True))
    return f"{name:<30} {np.mean(right):>8.1%} {np.mean(accepted):>9.1%} {wrong / max(1, sum(accepted)):>15.2%}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=400, help="pictures of each situation")
    parser.add_argument("--model-dir", type=Path, default=load_settings().model_dir)
    given = parser.parse_args()
    digits = mnist.load(None)
    images, labels = digits.test_images, digits.test_labels.tolist()
    reader = load_model(given.model_dir, active_version(given.model_dir))
    print(f"{'situation':<30} {'right':>8} {'accepted':>9} {'accepted, wrong':>15}")
    for name, draw in SINGLE.items():
        rng = np.random.default_rng(1)
        chosen = rng.permutation(len(images))[: given.files].tolist()
        print(_line(name, [draw(images[i], rng) for i in chosen], [str(labels[i]) for i in chosen], reader))
    for name, (count, write) in SEVERAL.items():
        rng = np.random.default_rng(2)
        groups = rng.permutation(len(images))[: count * given.files].reshape(-1, count).tolist()
        rows = [write([images[i] for i in group], rng) for group in groups]
        print(_line(name, rows, ["".join(str(labels[i]) for i in group) for group in groups], reader))
