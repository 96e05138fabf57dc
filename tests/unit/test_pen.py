"""Drawn digits and letters."""

import numpy as np
import pytest

from recognizer.contract import BOX
from recognizer.opencv import cv2
from trainer.letters import letter
from trainer.pen import arc, curve, draw, joined, line
from trainer.strokes import draw_strokes


def test_a_curve_goes_through_its_points_and_stays_between_them() -> None:
    path = curve((0, 0), (0.5, 0.2), (1, 1))
    for point in ((0, 0), (0.5, 0.2), (1, 1)):
        assert np.abs(path - point).sum(axis=1).min() == pytest.approx(0)
    assert path.min() > -0.1
    assert path.max() < 1.1


def test_an_arc_turns_clockwise_from_the_right() -> None:
    path = arc((1.0, 2.0), (0.5, 0.25), 0, 90)
    assert path[0] == pytest.approx((1.5, 2.0))
    assert path[-1] == pytest.approx((1.0, 2.25))


def test_joined_pieces_are_one_stroke() -> None:
    assert joined(line((0, 0), (1, 0)), line((1, 1))).tolist() == [[0, 0], [1, 0], [1, 1]]


def test_the_same_seed_draws_the_same_digits() -> None:
    first, again = (draw_strokes(40, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])


def test_all_ten_digits_are_drawn_each_in_many_hands() -> None:
    images, labels = draw_strokes(400, np.random.default_rng(2))
    assert images.shape == (400, 28, 28)
    assert set(labels.tolist()) == set(range(10))
    assert len({image.tobytes() for image in images}) > 390


def test_no_digits_wanted_give_none() -> None:
    images, labels = draw_strokes(0, np.random.default_rng(2))
    assert images.shape == (0, 28, 28)
    assert labels.shape == (0,)


def test_every_drawing_follows_the_contract() -> None:
    rng = np.random.default_rng(4)
    drawings = [*draw_strokes(300, rng)[0], *(draw(letter(rng), rng) for _ in range(300))]
    for image in drawings:
        _, _, width, height = cv2.boundingRect(cv2.compare(image, 32, cv2.CMP_GT))
        assert BOX - 2 <= max(width, height) <= BOX
        assert image.max() > 200
        moments = cv2.moments(image)
        assert abs(moments["m10"] / moments["m00"] - 14) < 3
        assert abs(moments["m01"] / moments["m00"] - 14) < 3
