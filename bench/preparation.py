"""Time what the preparation takes of one core beyond decoding: `python -m bench.preparation`.

Four stacks of made-up files: MNIST's own pictures, the same moved and inverted as drawing programs have them, and pages
of 300x400 pixels with a digit somewhere, clean and grainy as photographed. Each stack is taken several times in turn
with the others; given are the median and the range of those times, in microseconds of processor time a file.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from recognizer.arrays import Gray
from recognizer.image import decode
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from trainer import mnist

Item = TypeVar("Item")

#: Pixels of a page, and of the digit on it.
PAGE, DIGIT = (400, 300), 200
#: Grey levels of paper and of ink on it, and the spread of a photograph's grain.
PAPER, INK, GRAIN = 235, 40, 6.0


def stacks(count: int, seed: int) -> dict[str, list[Gray]]:
    """Make `count` pictures of each kind, `(h, w)` uint8."""
    rng = np.random.default_rng(seed)
    digits = list(mnist.load(None).test_images[:count])
    pages = [page(digit, rng) for digit in digits]
    grain = rng.normal(0, GRAIN, PAGE)
    return {
        "28x28, as MNIST has it": digits,
        "28x28, drawn off the middle": [np.roll(255 - digit, 2, axis=1) for digit in digits],
        "300x400, clean": pages,
        "300x400, photographed": [np.clip(one + grain, 0, 255).astype(np.uint8) for one in pages],
    }


def page(digit: Gray, rng: np.random.Generator) -> Gray:
    """Put a digit somewhere on a page, `(h, w)` uint8."""
    paper = np.full(PAGE, PAPER, np.uint8)
    top, left = (int(rng.integers(side - DIGIT)) for side in PAGE)
    large = cv2.resize(digit, (DIGIT, DIGIT), interpolation=cv2.INTER_CUBIC)
    paper[top : top + DIGIT, left : left + DIGIT] -= (large * ((PAPER - INK) / 255)).astype(np.uint8)
    return paper


def microseconds(do: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Give the processor time of one call, over all items."""
    began = time.process_time()
    for item in items:
        do(item)
    return (time.process_time() - began) / len(items) * 1e6


def _row(name: str, decoding: list[float], preparing: list[float]) -> str:
    cells = (f"{statistics.median(times):7.1f} ({min(times):.1f}-{max(times):.1f})" for times in (decoding, preparing))
    return f"{name:<30}" + "".join(f"{cell:>24}" for cell in cells)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    made = stacks(given.files, seed=1)
    encoded = {name: [cv2.imencode(".png", one)[1].tobytes() for one in stack] for name, stack in made.items()}
    decoding: dict[str, list[float]] = {name: [] for name in made}
    preparing: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(given.runs):
        for name, stack in made.items():
            decoding[name].append(microseconds(decode, encoded[name]))
            preparing[name].append(microseconds(prepare, stack))
    print(f"{'microseconds a file':<30}{'decoding':>24}{'preparing':>24}")
    for name in made:
        print(_row(name, decoding[name], preparing[name]))
