"""The small parts of a training: the thread ahead, the pictures, the imports, the command line."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer import errors
from trainer.ahead import prepared_ahead
from trainer.fit import History, Split, varied_batches
from trainer.pictures import draw_confusion, draw_curve
from trainer.recipe import RECIPES, Recipe

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *arguments], env=environment, check=False, capture_output=True, text=True)


def test_items_come_in_order_from_the_thread() -> None:
    with prepared_ahead(range(50), 3) as items:
        assert list(items) == list(range(50))


def test_thread_ends_when_an_endless_source_is_left() -> None:
    with prepared_ahead(itertools.count(), 2) as items:
        assert next(items) == 0
    assert "ahead" not in [thread.name for thread in threading.enumerate()]


def test_error_of_the_source_reaches_its_user() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with prepared_ahead(source(), 2) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="no more"):
            next(items)


def drawn(path: Path) -> list[str]:
    """Read an SVG picture: every text and every element's class, in order. Fails if it is no well-formed XML."""
    elements = list(ET.fromstring(path.read_bytes()).iter())  # noqa: S314 - our own file
    return [found for one in elements for found in (one.get("class"), one.text) if found and found.strip()]


@pytest.mark.parametrize("epochs", [1, 30])
def test_curve_has_a_dot_for_each_epoch(epochs: int, tmp_path: Path) -> None:
    values = tuple(0.9 + 0.1 * (1 - 1 / (number + 1)) for number in range(epochs))
    draw_curve(History(values, values, values, values), tmp_path / "curve.svg")
    shown = drawn(tmp_path / "curve.svg")
    assert (shown.count("trained"), shown.count("held")) == (2 * epochs, 2 * epochs)
    assert {"Wrong digits, %", "Loss", "epoch", str(epochs)} <= set(shown)


def test_curve_of_a_perfect_training_can_be_drawn(tmp_path: Path) -> None:
    draw_curve(History((1.0, 1.0), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0)), tmp_path / "curve.svg")
    assert "Loss" in drawn(tmp_path / "curve.svg")


def test_confusion_shows_every_count_and_each_digit_s_share(tmp_path: Path) -> None:
    counts = np.diag(np.full(10, 90))
    counts[7, 1] = 10
    draw_confusion(counts, tmp_path / "confusion.svg")
    shown = drawn(tmp_path / "confusion.svg")
    assert "900 of 910 right (98.90%), 10 wrong" in shown
    assert (shown.count("90"), shown.count("10")) == (10, 1)
    assert (shown.count("100.0%"), shown.count("90.0%")) == (9, 1)


def test_confusion_of_nothing_can_be_drawn(tmp_path: Path) -> None:
    draw_confusion(np.zeros((10, 10), np.int64), tmp_path / "confusion.svg")
    assert "0 of 0 right (0.00%), 0 wrong" in drawn(tmp_path / "confusion.svg")


def test_recipe_says_its_numbers() -> None:
    assert f"{RECIPES['cnn'].drawn} drawn digits" in RECIPES["cnn"].text()
    assert "batches of 128" in RECIPES["mlp"].text()


def test_a_recipe_says_how_often_digits_are_varied() -> None:
    assert "varied anew each epoch" in RECIPES["cnn"].text()
    assert f"varied anew every {RECIPES['mlp'].renewed} epochs" in RECIPES["mlp"].text()


def shown(recipe: Recipe, steps: int) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Take two epochs of batches of twelve digits, each a bar of its own height; give pictures and labels."""
    labels = np.arange(12, dtype=np.uint8) % 10
    images = np.zeros((12, 28, 28), np.uint8)
    for number, image in enumerate(images):
        image[6 : 10 + number, 12:16] = 255
    data = Split(images, labels, images[:0], labels[:0])
    batches = itertools.islice(varied_batches(data, replace(recipe, batch=12 // steps), steps, seed=3), 2 * steps)
    return [(pictures[..., 0], targets.argmax(axis=1)) for pictures, targets in batches]


def test_every_digit_is_varied_in_each_epoch_where_the_recipe_says_so() -> None:
    first, second = shown(RECIPES["cnn"], steps=1)
    for label in range(2, 10):
        one, other = (pictures[labels == label] for pictures, labels in (first, second))
        assert not np.array_equal(one, other)


def test_one_batch_in_so_many_is_varied_anew_and_the_others_stay() -> None:
    recipe = replace(RECIPES["mlp"], renewed=4)
    pictures = [picture for batch, _ in shown(recipe, steps=4) for picture in batch]
    seen = [picture.tobytes() for picture in pictures]
    bars = sum(len(np.unique(picture)) == 2 for picture in pictures[:12])
    assert bars == 9  # three of twelve are varied, the others as they came
    assert 9 <= len(set(seen[:12]) & set(seen[12:])) < 12


def test_errors_share_one_root() -> None:
    for error in (errors.DataMissing, errors.TrainingBusy, errors.PublishFailed):
        assert issubclass(error, errors.TrainingError)


def test_no_module_loads_keras_before_it_trains() -> None:
    code = (
        "import sys, trainer.__main__, trainer.train, trainer.gate, trainer.publish, trainer.backend\n"
        "sys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    result = run("-c", code)
    assert result.returncode == 0, result.stderr


def test_missing_data_is_one_sentence_and_exit_code_one(tmp_path: Path) -> None:
    result = run("-m", "trainer", "--mnist", str(tmp_path / "absent.npz"), "--model-dir", str(tmp_path / "model"))
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'absent.npz'} is not the mnist.npz it should be")
    assert result.stderr.count("\n") == 1


def test_training_takes_at_least_one_epoch() -> None:
    result = run("-m", "trainer", "--epochs", "0")
    assert result.returncode == 2
    assert "at least one epoch" in result.stderr
