"""Write numbers as people's forms, papers and cuts show them."""

from collections.abc import Callable, Sequence

import numpy as np

from bench.situations.paper import DIGIT, HALF, TALL, enlarged, ink_box, photographed
from bench.situations.row import Mark, digits_of, row
from recognizer.arrays import Gray
from recognizer.opencv import cv2
from trainer.arrays import Rng

Write = Callable[[Sequence[Mark], Rng], Gray]


def _comb(marks: Sequence[Mark], rng: Rng, *, beyond: bool = False) -> Gray:
    """Write each digit in its own box of a form; the first one `beyond` its box's lower side."""
    cell = 150
    paper = np.full((cell + 100, cell * len(marks) + 40), 255, np.uint8)
    for index, digit in enumerate(digits_of(marks)):
        left = 20 + cell * index
        top, aside = rng.integers(8, 22, 2).tolist()
        ink = enlarged(digit)
        if beyond and not index:
            foot = int(np.flatnonzero((ink >= HALF).any(axis=1))[-1])
            top = cell + int(rng.integers(4, 10)) - foot
        window = paper[20 + top : 20 + top + DIGIT, left + aside : left + aside + DIGIT]
        np.minimum(window, 255 - ink, out=window)
        cv2.rectangle(paper, (left, 20), (left + cell, 20 + cell), 100, 2)
    return paper


def _two_rows(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Begin a new row at the gap."""
    gap = next(place for place, mark in enumerate(marks) if isinstance(mark, str))
    rows = [row(marks[:gap], rng), row(marks[gap + 1 :], rng)]
    width = max(one.shape[1] for one in rows)
    return np.vstack([np.pad(one, ((0, 0), (0, width - one.shape[1])), constant_values=255) for one in rows])


def _close_rows(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Leave a third of a digit's height, or less, between two rows."""
    paper = _two_rows(marks, rng)
    inked = np.flatnonzero((paper < HALF).any(axis=1))
    largest = int(np.diff(inked).argmax())
    above, below = inked[largest] + 1, inked[largest + 1]
    free = int(rng.uniform(0.12, 0.33) * TALL)
    return np.vstack([paper[:above], np.full((free, paper.shape[1]), 255, np.uint8), paper[below:]])


def _touching_zeros(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Run the zeros behind the first digit into each other."""
    first, zeros = row(marks[:1], rng), row(marks[1:], rng, gap=-int(rng.integers(3, 9)))
    left, _, width, _ = ink_box(first)
    start, *_ = ink_box(zeros)
    return np.hstack([first[:, : left + width + 9], zeros[:, max(start - 9, 0) :]])


def _squared(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Write on paper whose squares are a third to two thirds as high as the digits."""
    paper = row(marks, rng)
    step, level = int(rng.uniform(0.33, 0.67) * TALL), int(rng.integers(170, 215))
    for lines in (paper, paper.T):
        for place in range(int(rng.integers(step)), len(lines), step):
            lines[place : place + 2] = np.minimum(lines[place : place + 2], level)
    return paper


def _on_a_rule(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Rule a line below the row, from border to border."""
    paper = row(marks, rng)
    _, top, _, height = ink_box(paper)
    y, tilt = top + height + int(rng.integers(3, 20)), int(rng.integers(-3, 4))
    start, end = (0, y - tilt), (paper.shape[1], y + tilt)
    return np.asarray(cv2.line(paper, start, end, int(rng.integers(40, 130)), int(rng.integers(2, 5))), np.uint8)


def _at_the_border(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Cut the picture so close that the lowest or the highest stroke ends at its border."""
    paper = row(marks, rng)
    _, top, _, height = ink_box(paper)
    into = int(rng.integers(1, 5))
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return np.ascontiguousarray(paper[: top + height - into])
    return np.ascontiguousarray(paper[top + into :])


def _on_a_check(marks: Sequence[Mark], rng: Rng) -> Gray:
    """Print the crossing waves of check paper behind the row, and photograph it."""
    paper = row(marks, rng)
    y, x = np.mgrid[: paper.shape[0], : paper.shape[1]].astype(float)
    printed = np.zeros(paper.shape)
    for turn in rng.uniform(0, np.pi, 2):
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        bent = across + rng.uniform(3, 10) * np.sin(along * 2 * np.pi / rng.uniform(40, 140))
        printed = np.maximum(printed, np.sin(bent * 2 * np.pi / rng.uniform(9, 24)) > rng.uniform(0.4, 0.8))
    ground = 255 - printed * rng.uniform(30, 90)
    return photographed(np.minimum(paper, ground), rng)


#: How numbers are written, and in which patterns: `#` is any digit, all else stands for itself.
NUMBERS: dict[str, tuple[tuple[str, ...], Write]] = {
    "four in a row": (("####",), row),
    "two that touch": (("##",), lambda marks, rng: row(marks, rng, -3)),
    "four in a form's boxes": (("####",), _comb),
    "one touches its box": (("####",), lambda marks, rng: _comb(marks, rng, beyond=True)),
    "two rows of three": (("### ###",), _two_rows),
    "two rows, close": (("## ###", "### ##"), _close_rows),
    "two numbers side by side": (("### ##", "## ####", "# ##"), row),
    "touching zeros": (("1000", "#000"), _touching_zeros),
    "decimal point": (("#.#", "##.#", "##.##", "#.###"), row),
    "decimal comma": (("#,#", "##,#", "##,##", "#,###"), row),
    "minus in front": (("-#", "-##", "-###"), row),
    "hyphen between": (("##-##", "###-##", "#-#"), row),
    "slash between": (("#/#", "##/##", "##/##/####"), row),
    "colon between": (("#:##", "##:##"), row),
    "number on squared paper": (("###", "####", "#####"), _squared),
    "number on a ruled line": (("###", "####", "#####"), _on_a_rule),
    "number on check paper": (("###", "####", "#####"), _on_a_check),
    "stroke at the border": (("#", "##", "###"), _at_the_border),
}
