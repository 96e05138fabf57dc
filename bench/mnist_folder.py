"""Write MNIST's 10,000 test images as PNG files named NUMBER-LABEL.png: `python -m bench.mnist_folder FOLDER`."""

import argparse
from pathlib import Path
from typing import Literal

import numpy as np

from bench.preparation import page
from recognizer.opencv import cv2
from trainer.mnist import load

#: 28x28 pixels as MNIST has them, or on a page of 300x400.
Size = Literal["small", "large"]


def write_mnist(folder: Path, count: int = 10_000, size: Size = "small") -> None:
    """Write the first `count` test images into `folder`, made if need be; from the first again after the last."""
    folder.mkdir(parents=True, exist_ok=True)
    mnist, rng = load(), np.random.default_rng(1)
    for number in range(count):
        index = number % len(mnist.test_images)
        digit = mnist.test_images[index]
        picture = digit if size == "small" else page(digit, rng)
        data = cv2.imencode(".png", picture)[1].tobytes()
        (folder / f"{number:05d}-{mnist.test_labels[index]}.png").write_bytes(data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    given = parser.parse_args()
    write_mnist(given.folder, given.count)
