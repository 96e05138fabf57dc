"""Write MNIST's 10,000 test images as PNG files named NUMBER-LABEL.png: `python -m bench.mnist_folder FOLDER`."""

import argparse
from pathlib import Path

import cv2

from trainer.mnist import load


def write_mnist(folder: Path, count: int = 10_000) -> None:
    """Write the first `count` test images into `folder`, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    mnist = load()
    for number in range(count):
        data = cv2.imencode(".png", mnist.test_images[number])[1].tobytes()
        (folder / f"{number:05d}-{mnist.test_labels[number]}.png").write_bytes(data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    given = parser.parse_args()
    write_mnist(given.folder, given.count)
