"""Put MNIST's digits on made-up paper, larger than they are, black on white."""

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from trainer.arrays import Rng

#: Pixels of a sheet's sides, and of the square that holds a digit. The ink of a digit is TALL pixels high, from TOP on.
SHEET, DIGIT, TOP, TALL = 240, 120, 17, 86
#: Grey level between ink and paper.
HALF = 128


def enlarged(digit: Gray, size: int = DIGIT) -> Gray:
    """Give a digit's ink, white on black, `size` by `size` pixels."""
    return np.asarray(cv2.resize(digit, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


def on_paper(digit: Gray, rng: Rng, *, size: int = DIGIT, pen: int = 0, side: int = SHEET) -> Gray:
    """Write a digit black on white somewhere near the middle; `pen` pixels thicker, or thinner if negative."""
    ink = enlarged(digit, size)
    if pen:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(pen), abs(pen)))
        ink = cv2.dilate(ink, kernel) if pen > 0 else cv2.erode(ink, kernel)
    paper = np.full((side, side), 255, np.uint8)
    top, left = ((side - size) // 2 + rng.integers(-20, 21, 2)).tolist()
    paper[top : top + size, left : left + size] = 255 - ink
    return paper


def ink_box(paper: Gray) -> tuple[int, int, int, int]:
    """Give left, top, width and height of all ink on a paper."""
    left, top, width, height = cv2.boundingRect(cv2.compare(paper, HALF, cv2.CMP_LT))
    return left, top, width, height


def photographed(paper: NDArray[np.float64], rng: Rng) -> Gray:
    """Blur a paper a little, darken it, and add grain."""
    grainy = cv2.blur(paper, (3, 3)) * 0.9 + rng.normal(0, 5, paper.shape)
    return np.asarray(np.clip(grainy, 0, 255), np.uint8)
