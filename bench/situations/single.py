"""Write one digit as people's papers, pens and cameras show it."""

from collections.abc import Callable

import numpy as np

from bench.situations.paper import HALF, SHEET, ink_box, on_paper, photographed
from recognizer.arrays import Gray
from recognizer.image import decode
from recognizer.opencv import cv2
from trainer.arrays import Rng


def _ruled(digit: Gray, rng: Rng) -> Gray:
    paper = on_paper(digit, rng)
    start = int(rng.integers(0, 12))
    for y in (start, start + 210):
        cv2.line(paper, (0, y), (SHEET, y + 2), 120, 2)
    return paper


def _on_a_line(digit: Gray, rng: Rng) -> Gray:
    """Let the digit stand on the line it touches."""
    paper = on_paper(digit, rng)
    foot = int(np.flatnonzero((paper < HALF).any(axis=1))[-1])
    cv2.line(paper, (0, foot - 2), (SHEET, foot), 90, 2)
    return paper


def _squared(digit: Gray, rng: Rng) -> Gray:
    paper = on_paper(digit, rng)
    for place in range(int(rng.integers(0, 24)), SHEET, 24):
        paper[place] = np.minimum(paper[place], 225)
        paper[:, place] = np.minimum(paper[:, place], 225)
    return paper


def _boxed(digit: Gray, rng: Rng) -> Gray:
    paper = on_paper(digit, rng)
    cv2.rectangle(paper, (18, 16), (222, 224), int(rng.integers(0, 120)), int(rng.integers(2, 6)))
    return paper


def _touching_its_box(digit: Gray, rng: Rng) -> Gray:
    """Let the digit reach over one side of the box."""
    paper = on_paper(digit, rng)
    left, top, width, height = ink_box(paper)
    corner = (left + width + 30, top + height - int(rng.integers(2, 8)))
    cv2.rectangle(paper, (left - 30, top - 30), corner, 60, 3)
    return paper


def _shadowed(digit: Gray, rng: Rng) -> Gray:
    light = np.linspace(1.0, rng.uniform(0.3, 0.5), SHEET)
    lit = on_paper(digit, rng) * (light if rng.random() < 0.5 else light[:, None])  # noqa: PLR2004 - a coin
    return photographed(lit, rng)


def _half_shadowed(digit: Gray, rng: Rng) -> Gray:
    light = np.ones((SHEET, SHEET))
    light[:, int(rng.integers(60, 180)) :] = 0.6
    return photographed(on_paper(digit, rng) * cv2.blur(light, (15, 15)), rng)


def _pencil(digit: Gray, rng: Rng) -> Gray:
    faint = 225 - (255 - on_paper(digit, rng, pen=-5).astype(float)) * rng.uniform(0.15, 0.3)
    return np.clip(faint + rng.normal(0, 3, faint.shape), 0, 255).astype(np.uint8)


def _coloured(digit: Gray, rng: Rng) -> Gray:
    strength = (255 - on_paper(digit, rng).astype(float))[..., None] / 255
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
    return np.asarray(cv2.warpAffine(on_paper(digit, rng), turn, (SHEET, SHEET), borderValue=20), np.uint8)


def _transparent(digit: Gray, rng: Rng) -> Gray:
    alpha = 255 - on_paper(digit, rng)
    pixels = np.dstack([np.zeros((*alpha.shape, 3), np.uint8), alpha])
    return decode(cv2.imencode(".png", pixels)[1].tobytes())


def _circled(digit: Gray, rng: Rng) -> Gray:
    paper = np.full((300, 300), 255, np.uint8)
    paper[30:270, 30:270] = on_paper(digit, rng)
    left, top, width, height = ink_box(paper)
    x, y = (np.array([left + width // 2, top + height // 2]) + rng.integers(-8, 9, 2)).tolist()
    start, gap, turn = rng.uniform((0, 0, 0), (360, 40, 90)).tolist()
    axes = rng.integers(80, 90, 2).tolist()
    ring = cv2.ellipse(paper, (x, y), axes, turn, start, start + 360 - gap, 30, int(rng.integers(3, 7)))
    return np.asarray(ring, np.uint8)


def _underlined(digit: Gray, rng: Rng) -> Gray:
    paper = on_paper(digit, rng)
    left, top, width, height = ink_box(paper)
    before, after = rng.integers(5, 20, 2).tolist()
    foot = top + height + int(rng.integers(6, 16))
    start, end = (left - before, foot), (left + width + after, foot + int(rng.integers(-4, 5)))
    return np.asarray(cv2.line(paper, start, end, 20, int(rng.integers(3, 7))), np.uint8)


def _cropped(digit: Gray, rng: Rng) -> Gray:
    """Cut the sheet to the digit's ink and a few pixels."""
    paper = on_paper(digit, rng)
    left, top, width, height = ink_box(paper)
    margin = int(rng.integers(0, 5))
    cut = paper[top - margin : top + height + margin, left - margin : left + width + margin]
    light = np.linspace(1.0, rng.uniform(0.7, 1.0), cut.shape[1])
    return np.asarray((60 + cut * 0.6) * light, np.uint8)


def _in_the_dark(digit: Gray, rng: Rng) -> Gray:
    """Take a photograph so grainy that one pixel in twenty of the paper is as dark as ink."""
    contrast = rng.uniform(40, 120)
    dim = 60 + on_paper(digit, rng) * (contrast / 255)
    return np.asarray(np.clip(dim + rng.normal(0, contrast / 3, dim.shape), 0, 255), np.uint8)


def _broken(digit: Gray, rng: Rng) -> Gray:
    """Break the strokes along a straight line somewhere through the ink, as a bad scan does."""
    paper = on_paper(digit, rng)
    y, x = rng.choice(np.argwhere(paper < HALF))
    turn = rng.uniform(0, np.pi)
    across, down = round(SHEET * np.cos(turn)), round(SHEET * np.sin(turn))
    ends = (int(x) - across, int(y) - down), (int(x) + across, int(y) + down)
    return np.asarray(cv2.line(paper, *ends, 255, int(rng.integers(4, 12))), np.uint8)


def _in_a_table(digit: Gray, rng: Rng) -> Gray:
    """Cut a cell out of a table: its lines go on to the picture's border."""
    paper = on_paper(digit, rng)
    level, thick = int(rng.integers(40, 140)), int(rng.integers(2, 5))
    near, far = rng.integers(5, 30, 2).tolist(), (SHEET - rng.integers(5, 30, 2)).tolist()
    for x, y in (near, far):
        lean = int(rng.integers(-3, 4))
        cv2.line(paper, (x - lean, 0), (x + lean, SHEET), level, thick)
        cv2.line(paper, (0, y - lean), (SHEET, y + lean), level, thick)
    return paper


def _slashed(zero: Gray, rng: Rng) -> Gray:
    """Strike a slanting bar through a zero, from below on the left to above on the right."""
    paper = on_paper(zero, rng)
    left, top, width, height = ink_box(paper)
    reach = rng.uniform(-0.05, 0.12)
    start = (round(left - reach * width), round(top + (1 + reach) * height))
    end = (round(left + (1 + reach) * width), round(top - reach * height))
    return np.asarray(cv2.line(paper, start, end, 0, int(rng.integers(6, 11)), cv2.LINE_AA), np.uint8)


def _dotted(zero: Gray, rng: Rng) -> Gray:
    """Put a dot in the middle of a zero."""
    paper = on_paper(zero, rng)
    left, top, width, height = ink_box(paper)
    middle = (left + width // 2, top + height // 2)
    return np.asarray(cv2.circle(paper, middle, int(rng.integers(4, 7)), 0, -1, cv2.LINE_AA), np.uint8)


#: Any digit.
SINGLE: dict[str, Callable[[Gray, Rng], Gray]] = {
    "black on white": on_paper,
    "white on black": lambda digit, rng: 255 - on_paper(digit, rng),
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
    "thin pen": lambda digit, rng: on_paper(digit, rng, pen=-7),
    "marker": lambda digit, rng: on_paper(digit, rng, pen=7),
    "small, in a corner of a page": _in_a_corner,
    "askew on a dark table": _askew,
    "transparent ground": _transparent,
    "in a cell of a table": _in_a_table,
}
#: A zero.
ZEROS: dict[str, Callable[[Gray, Rng], Gray]] = {"slashed zero": _slashed, "dotted zero": _dotted}
