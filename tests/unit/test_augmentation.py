"""Varied digits stay digits, and chance stays in the seed's hands."""

import numpy as np
import pytest

from trainer.augmentation import MILD, WILD, Strength, augment, vary
from trainer.strokes import draw_strokes


@pytest.fixture(name="digits")
def drawn_digits() -> np.ndarray:
    return draw_strokes(300, np.random.default_rng(1))[0]


def test_same_seed_gives_the_same_digits(digits: np.ndarray) -> None:
    first, second = (augment(digits, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)


def test_varied_digits_have_the_shape_of_the_contract(digits: np.ndarray) -> None:
    varied = augment(digits, np.random.default_rng(5))
    assert varied.shape == digits.shape
    assert varied.dtype == np.uint8


def test_originals_are_left_alone(digits: np.ndarray) -> None:
    before = digits.copy()
    augment(digits, np.random.default_rng(5), wild=1.0)
    assert np.array_equal(digits, before)


def test_no_digits_give_no_digits(digits: np.ndarray) -> None:
    assert augment(digits[:0], np.random.default_rng(5)).shape == (0, 28, 28)


def test_more_digits_than_one_tall_picture_holds(digits: np.ndarray) -> None:
    assert augment(np.tile(digits, (5, 1, 1)), np.random.default_rng(5), wild=0.0).shape == (1500, 28, 28)


@pytest.mark.parametrize("how", [MILD, WILD], ids=["mild", "wild"])
def test_every_varied_digit_keeps_most_of_its_ink_in_sight(digits: np.ndarray, how: Strength) -> None:
    varied = vary(digits, np.random.default_rng(5), how)
    ink = (varied > 60).sum(axis=(1, 2))
    assert ink.min() > 15
    assert ink.max() < 380


def test_wild_digits_differ_more_than_mild_ones(digits: np.ndarray) -> None:
    mild, wild = (vary(digits, np.random.default_rng(5), how).astype(float) for how in (MILD, WILD))
    assert np.abs(wild - digits).mean() > np.abs(mild - digits).mean() > 0


def test_nothing_varied_leaves_a_digit_nearly_as_it_is(digits: np.ndarray) -> None:
    still = vary(digits, np.random.default_rng(5), Strength(0, 0, 0, 0, 0, 0, stroke=0, contrast=0, blur=0, dirt=0))
    assert np.abs(still.astype(float) - digits).mean() < 4  # hard edges grow softer
