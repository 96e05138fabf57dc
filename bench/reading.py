"""Time what a reading takes of one core beyond decoding, network included: `python -m bench.reading`.

The stacks of `bench.preparation`, and rows of eight digits as people write them, 60 pixels high. Each stack is read
file by file with LiteRT, several times in turn with the others. Given are the median and the range of those times, in
microseconds of processor time a file.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np

from bench.preparation import microseconds, stacks
from recognizer.arrays import Gray
from recognizer.model import load_model
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from recognizer.reader import read
from recognizer.versions import active_version
from settings import load_settings
from trainer import mnist

#: Digits of a row, pixels of its height, and the pixels between two digits.
ROW, HEIGHT, GAPS = 8, 60, (2, 14)


def rows(count: int, seed: int) -> list[Gray]:
    """Write `count` rows of eight of MNIST's test digits, black on white."""
    rng = np.random.default_rng(seed)
    images = mnist.load(None).test_images
    return [_row([images[index] for index in rng.integers(0, len(images), ROW)], rng) for _ in range(count)]


def _row(digits: list[Gray], rng: np.random.Generator) -> Gray:
    inks = []
    for digit in digits:
        left, top, width, height = cv2.boundingRect(cv2.compare(digit, 60, cv2.CMP_GT))
        scale = 0.7 * HEIGHT / height
        size = (max(1, round(width * scale)), round(height * scale))
        ink = cv2.resize(digit[top : top + height, left : left + width], size, interpolation=cv2.INTER_CUBIC)
        inks += [ink, np.zeros((len(ink), int(rng.integers(*GAPS))), np.uint8)]
    tall = max(len(ink) for ink in inks)
    row = np.hstack([np.pad(ink, ((0, tall - len(ink)), (0, 0))) for ink in inks])
    return np.asarray(255 - np.pad(row, ((HEIGHT - tall) // 2, 10)), np.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model-dir", type=Path, default=load_settings().model_dir)
    given = parser.parse_args()
    model = load_model(given.model_dir, active_version(given.model_dir), "litert")
    made = {**stacks(given.files, seed=1), "a row of eight digits": rows(given.files, seed=2)}
    times: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(given.runs):
        for name, stack in made.items():
            times[name].append(microseconds(lambda gray: read([prepare(gray)], model), stack))
    print(f"{'microseconds a file':<30}{'preparing and reading':>26}")
    for name, taken in times.items():
        cell = f"{statistics.median(taken):7.1f} ({min(taken):.1f}-{max(taken):.1f})"
        print(f"{name:<30}{cell:>26}")
