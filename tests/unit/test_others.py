"""Pictures of no digit, to train on."""

import numpy as np
import pytest

from recognizer.arrays import Crops
from recognizer.contract import BOX
from recognizer.opencv import cv2
from trainer.fit import NO_DIGIT, split
from trainer.others import draw_others


@pytest.fixture
def digits() -> Crops:
    """Give a few upright bars: ones, as far as this matters."""
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 4:24, 12:15] = 255
    return images


def test_same_seed_gives_the_same_pictures(digits: Crops) -> None:
    first, again = (draw_others(50, np.random.default_rng(3), digits) for _ in range(2))
    assert np.array_equal(first, again)
    assert len({picture.tobytes() for picture in first}) > 40


def test_pictures_follow_the_contract(digits: Crops) -> None:
    for picture in draw_others(200, np.random.default_rng(4), digits):
        _, _, width, height = cv2.boundingRect(cv2.compare(picture, 32, cv2.CMP_GT))
        assert BOX - 2 <= max(width, height) <= BOX
        moments = cv2.moments(picture)
        assert 8 < moments["m10"] / moments["m00"] < 20
        assert 8 < moments["m01"] / moments["m00"] < 20


def test_pictures_join_the_digits_trained_on_and_never_those_held_out() -> None:
    images = np.zeros((6000, 28, 28), np.uint8)
    images[:, 4:24, 12:15] = 255
    parts = split(images, np.ones(6000, np.uint8), seed=1, others=30)
    assert np.count_nonzero(parts.labels == NO_DIGIT) == 30
    assert len(parts.images) == len(parts.labels)
    assert NO_DIGIT not in parts.held_labels
