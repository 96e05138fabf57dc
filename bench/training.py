"""Seconds an epoch beside plain Keras on the same network and as many digits, in turn: `python -m bench.training`.

Plain Keras is `model.fit` on MNIST's digits as they are, in memory, with its defaults; ours varies them as its recipe
says. Both measure on as many held-out digits after each epoch. Compiling the network is left out on both sides: the
first of two epochs is not counted. Each measurement has a process of its own: a training leaves TensorFlow's settings
of the memory allocator behind, which make the next one slower.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from trainer import mnist
from trainer.backend import fastest_policy, load_keras
from trainer.fit import HELD_OUT, Progress, fit, split
from trainer.network import ARCHITECTURES, Architecture, build
from trainer.recipe import RECIPES
from trainer.train import untrained

SEED = 7


def plain_epoch(architecture: Architecture, rows: int) -> float:
    """Give the seconds of the second epoch of `model.fit`."""
    digits = mnist.load()
    keras = load_keras()
    network = build(architecture)
    network.compile(optimizer="adamw", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    ends: list[float] = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    images, labels = digits.train_images[..., None], digits.train_labels
    network.fit(
        images[:rows],
        labels[:rows],
        batch_size=RECIPES[architecture].batch,
        epochs=2,
        validation_data=(images[-HELD_OUT:], labels[-HELD_OUT:]),
        callbacks=[callback],
        verbose=0,
    )
    return ends[1] - ends[0]


def our_epoch(architecture: Architecture, rows: int) -> float:
    """Give the seconds of the second epoch of our training."""
    digits = mnist.load()
    recipe = replace(RECIPES[architecture], epochs=2, drawn=0, others=0)
    parts = split(digits.train_images, digits.train_labels, SEED)
    parts = replace(parts, images=parts.images[:rows], labels=parts.labels[:rows])
    ends: dict[float, float] = {}

    def on_progress(progress: Progress) -> None:
        ends[progress.fraction] = time.perf_counter()  # told again after the held-out digits, which then counts

    fit(untrained(architecture, SEED), parts, recipe, SEED, on_progress)
    return ends[1.0] - ends[0.5]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, default=12_800, help="digits an epoch")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--architecture", choices=ARCHITECTURES, nargs="*", default=ARCHITECTURES)
    given = parser.parse_args()
    print(f"{given.digits} digits, {os.cpu_count()} cores, Python {platform.python_version()}, {fastest_policy()}")
    print(f"{'seconds an epoch':<18} {'plain Keras':>20} {'Digit Inbox':>20} {'ratio, run by run':>20}")
    for architecture in given.architecture:
        both = [
            [_in_new_process(epoch, architecture, given.digits) for epoch in (plain_epoch, our_epoch)]
            for _ in range(given.runs)
        ]
        plain, ours = zip(*both, strict=True)
        ratios = [mine / theirs for theirs, mine in both]
        print(f"{architecture:<18} {_spread(plain):>20} {_spread(ours):>20} {_spread(ratios):>20}")


def _in_new_process(epoch: Callable[[Architecture, int], float], architecture: Architecture, rows: int) -> float:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(epoch, architecture, rows).result()


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    main()
