"""Make the sample images of `digits/`: `python -m bench.samples FOLDER`, the same bytes every time."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.opencv import cv2
from trainer import mnist
from trainer.pen import Stroke, spline

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rng = np.random.Generator
#: Blue, green, red, 0 to 255, as OpenCV wants them.
Colour = tuple[int, int, int]
#: Points that a pen's path goes through.
Points = Sequence[tuple[float, float]]

#: Every speck and tremble comes from it.
SEED = 20
BLACK: Colour = (25, 22, 20)
WHITE: Colour = (255, 255, 255)
PAPER: Colour = (236, 243, 246)
BLUE_PEN: Colour = (150, 62, 28)
#: Bits of a coordinate's fraction: OpenCV then draws lines between pixels.
_FRACTION = 4
#: Points between two of a stroke's own, so that curves are round.
_SMOOTH = 12

#: How a hand moves for each digit: x to the right and y down, in heights of the digit.
STROKES: dict[str, tuple[Points, ...]] = {
    "0": (((0.42, 0.02), (0.12, 0.2), (0.02, 0.55), (0.16, 0.92), (0.42, 1.0), (0.66, 0.8), (0.7, 0.4), (0.56, 0.08),
           (0.36, 0.03)),),
    "1": (((0.0, 0.42), (0.38, 0.0)), ((0.38, 0.0), (0.34, 1.0))),
    "2": (((0.04, 0.24), (0.2, 0.03), (0.5, 0.04), (0.6, 0.28), (0.4, 0.6), (0.0, 0.97)), ((0.0, 0.97), (0.68, 0.95))),
    "3": (((0.05, 0.1), (0.35, 0.0), (0.58, 0.18), (0.46, 0.4), (0.22, 0.46)),
          ((0.22, 0.46), (0.55, 0.54), (0.62, 0.8), (0.36, 1.0), (0.0, 0.9))),
    "4": (((0.26, 0.0), (0.0, 0.62)), ((0.0, 0.62), (0.66, 0.6)), ((0.5, 0.3), (0.44, 1.0))),
    "5": (((0.6, 0.0), (0.14, 0.02)), ((0.14, 0.02), (0.08, 0.44)),
          ((0.08, 0.44), (0.36, 0.36), (0.6, 0.56), (0.56, 0.86), (0.28, 1.0), (0.0, 0.9))),
    "6": (((0.5, 0.0), (0.16, 0.28), (0.02, 0.66), (0.2, 0.98), (0.52, 0.9), (0.56, 0.62), (0.3, 0.5), (0.05, 0.7)),),
    "7": (((0.0, 0.05), (0.64, 0.0)), ((0.64, 0.0), (0.4, 0.5), (0.24, 1.0)), ((0.2, 0.5), (0.62, 0.47))),
    "8": (((0.56, 0.14), (0.28, 0.0), (0.06, 0.2), (0.3, 0.46), (0.58, 0.74), (0.32, 1.0), (0.04, 0.8), (0.28, 0.5),
           (0.54, 0.26), (0.56, 0.14)),),
    "9": (((0.56, 0.2), (0.3, 0.0), (0.04, 0.22), (0.18, 0.48), (0.46, 0.42), (0.56, 0.16)),
          ((0.56, 0.16), (0.54, 0.6), (0.42, 1.0))),
    "star": (((0.5, 0.0), (0.8, 0.95)), ((0.8, 0.95), (0.02, 0.36)), ((0.02, 0.36), (0.98, 0.36)),
             ((0.98, 0.36), (0.2, 0.95)), ((0.2, 0.95), (0.5, 0.0))),
}  # fmt: skip


@dataclass(frozen=True)
class Pen:
    """What draws: colour, width in pixels, and how much of the paper shows through it (a share of 1)."""

    colour: Colour = BLACK
    width: int = 9
    grain: float = 0.0


def write_samples(folder: Path, *, mnist_path: Path | None = None) -> list[Path]:
    """Write the sample images into `folder`, replacing those of the same names; gives their paths.

    Raises DataMissing if MNIST can't be had.
    """
    digits = mnist.load(mnist_path)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (name, make) in enumerate(_samples(digits).items()):
        options = [cv2.IMWRITE_JPEG_QUALITY, 82] if name.endswith(".jpg") else [cv2.IMWRITE_PNG_COMPRESSION, 9]
        _, data = cv2.imencode(Path(name).suffix, make(np.random.default_rng([SEED, number])), options)
        (folder / name).write_bytes(data.tobytes())
        written.append(folder / name)
    return written


def _samples(digits: mnist.Mnist) -> dict[str, Callable[[Rng], Bytes]]:
    """Say what each sample shows; its file is drawn by calling it with a source of chance."""
    scan = partial(_scanned, digits)
    board = partial(_page, paper=(62, 84, 52), grain=3)
    return {
        "zero-mnist-28px.png": lambda _: digits.test_images[_first(digits, 0, 2)],
        "one-felt-pen.png": lambda rng: _ink(_page(rng, (240, 240)), [("1", 60, 40, 160)], Pen(width=17), rng),
        "two-pencil.png": lambda rng: scan(rng, 2, 5, _page(rng, (220, 200)), Pen((112, 110, 108), grain=0.35)),
        "three-white-on-black.png": lambda rng: scan(rng, 3, 1, _page(rng, (140, 140), (0, 0, 0), 0), Pen(WHITE)),
        "four-marker.png": lambda rng: _ink(_page(rng, (300, 280)), [("4", 62, 52, 190)], Pen((48, 38, 190), 24), rng),
        "five-phone-photo.jpg": lambda rng: _photographed(scan(rng, 5, 4, _page(rng, (600, 450)), Pen()), rng),
        "six-green-on-yellow-note.png": lambda rng: scan(
            rng, 6, 3, _page(rng, (180, 180), (128, 232, 250), 0), Pen((70, 110, 20))
        ),
        "seven-blue-pen.png": lambda rng: _ink(
            _page(rng, (260, 240)), [("7", 76, 52, 150)], Pen(BLUE_PEN, 7, 0.12), rng
        ),
        "eight-transparent.png": lambda rng: _transparent(rng, "8"),
        "nine-chalk.png": lambda rng: scan(rng, 9, 2, board(rng, (210, 210)), Pen((222, 228, 226), grain=0.3)),
        "two-thin-line.png": lambda rng: _ink(
            _page(rng, (200, 200), WHITE, 0), [("2", 55, 42, 120)], Pen(width=3), rng
        ),
        "three-small-in-a-corner.png": lambda rng: _ink(
            _page(rng, (400, 320), WHITE, 0), [("3", 318, 32, 44)], Pen(width=5), rng
        ),
        "five-orange-on-blue.png": lambda rng: _ink(
            _page(rng, (160, 160), (120, 66, 34), 0), [("5", 48, 32, 96)], Pen((60, 160, 250), 11), rng
        ),
        "six-red-crayon.png": lambda rng: _ink(
            _page(rng, (240, 240)), [("6", 70, 42, 156)], Pen((62, 52, 200), 16, 0.3), rng
        ),
        "eight-mnist-enlarged.png": lambda _: cv2.resize(
            digits.test_images[_first(digits, 8, 6)], (224, 224), interpolation=cv2.INTER_NEAREST
        ),
        "nine-scanned.jpg": lambda rng: scan(rng, 9, 7, _page(rng, (150, 170), (226, 228, 228)), Pen((70, 66, 64))),
        "number-0472.png": lambda rng: _ink(
            _page(rng, (460, 200)), _row("0472", left=50, top=54, height=92, step=96), Pen(BLUE_PEN, 8, 0.1), rng
        ),
        "number-1985-photo.jpg": lambda rng: _photographed(
            _ink(_page(rng, (560, 260)), _row("1985", left=66, top=78, height=104, step=116), Pen(width=11), rng), rng
        ),
        "no-digit-blank-paper.jpg": lambda rng: _photographed(_page(rng, (320, 240)), rng),
        "no-digit-star.png": lambda rng: _ink(
            _page(rng, (220, 220), WHITE, 0), [("star", 40, 44, 136)], Pen((40, 40, 40), 8), rng
        ),
    }


def _row(text: str, *, left: int, top: int, height: int, step: int) -> list[tuple[str, int, int, int]]:
    return [(digit, left + step * place, top, height) for place, digit in enumerate(text)]


def _page(rng: Rng, size: tuple[int, int], paper: Colour = PAPER, grain: float = 1.2) -> Bytes:
    """Make an empty page, `(height, width, 3)`, of a paper with a soft grain."""
    width, height = size
    coarse = rng.normal(0, grain, (height // 4 + 1, width // 4 + 1)).astype(np.float32)
    texture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return _bytes(np.array(paper, np.float32) + texture)


def _ink(page: Bytes, places: Sequence[tuple[str, int, int, int]], pen: Pen, rng: Rng) -> Bytes:
    """Draw shapes with their left, top and height in pixels onto a page."""
    mask = np.zeros(page.shape[:2], np.uint8)
    for shape, left, top, height in places:
        slant = rng.normal(0, 0.04)
        for stroke in STROKES[shape]:
            points = _smoothed(np.array(stroke))
            points[:, 0] += slant * (0.5 - points[:, 1])
            points = points * height + (left, top) + np.cumsum(rng.normal(0, height / 800, points.shape), axis=0)
            fixed = np.rint(points * 2**_FRACTION).astype(np.int32)
            cv2.polylines(mask, [fixed], False, 255, pen.width, cv2.LINE_AA, _FRACTION)  # noqa: FBT003 - OpenCV's flag
    return _blended(page, np.asarray(mask / 255, np.float32), pen, rng)


def _smoothed(points: Stroke) -> Stroke:
    """Go smoothly through the points; two of them stay a straight line."""
    return spline(np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]]), _SMOOTH)


def _scanned(digits: mnist.Mnist, rng: Rng, digit: int, number: int, page: Bytes, pen: Pen) -> Bytes:  # noqa: PLR0913, PLR0917 - which, where and how
    """Put one of MNIST's test digits, enlarged smoothly, in the middle of a page."""
    height, width = page.shape[:2]
    side = min(height, width)
    small = digits.test_images[_first(digits, digit, number)]
    large = cv2.GaussianBlur(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), (0, 0), side / 90)
    mask = np.zeros((height, width), np.float32)
    top, left = (height - side) // 2, (width - side) // 2
    mask[top : top + side, left : left + side] = np.clip((large.astype(np.float32) - 110) / 36, 0, 1)
    return _blended(page, mask, pen, rng)


def _first(digits: mnist.Mnist, digit: int, number: int) -> int:
    """Find the row of the `number`-th test image of a digit."""
    return int(np.flatnonzero(digits.test_labels == digit)[number])


def _blended(page: Bytes, mask: Floats, pen: Pen, rng: Rng) -> Bytes:
    grain = cv2.GaussianBlur(rng.random(mask.shape, dtype=np.float32), (0, 0), 0.8)
    cover = mask * (1 - pen.grain * np.clip((grain - 0.35) * 4, 0, 1))
    ink = np.array(pen.colour, np.float32)
    return _bytes(page * (1 - cover[..., None]) + ink * cover[..., None])


def _transparent(rng: Rng, shape: str) -> Bytes:
    """Draw black on nothing: every pixel's colour is black, only its opacity tells the digit."""
    drawn = _ink(_page(rng, (200, 220), WHITE, 0), [(shape, 56, 40, 140)], Pen((0, 0, 0), 13), rng)
    picture = np.zeros((*drawn.shape[:2], 4), np.uint8)
    picture[..., 3] = 255 - drawn[..., 0]
    return picture


def _photographed(page: Bytes, rng: Rng) -> Bytes:
    """Look at a page as a phone does: light from one corner, a shadow, a little blur, grain."""
    height, width = page.shape[:2]
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    light = 1.02 - 0.38 * across - 0.22 * down + 0.12 * across * down
    tint = np.array((0.9, 0.97, 1.0), np.float32)
    seen = cv2.GaussianBlur(page, (0, 0), 1.1) * (light[..., None] * tint)
    coarse = rng.normal(0, 5, (height // 2 + 1, width // 2 + 1)).astype(np.float32)
    return _bytes(seen + cv2.resize(coarse, (width, height))[..., None])


def _bytes(values: Floats) -> Bytes:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for path in write_samples(parser.parse_args().folder):
        print(path)
