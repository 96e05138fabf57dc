"""Light, shadows and noise are no ink."""

from collections.abc import Callable

import numpy as np
import pytest

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from tests.unit.written import clean, difference, ink_of, is_near, written


@pytest.mark.parametrize(
    "shadow",
    [
        lambda x, y: 130 * x + 0 * y,
        lambda x, y: 0 * x + 130 * y,
        lambda x, y: 110 * (x - 0.5) ** 2 + 150 * (y - 0.5) ** 2,
        lambda x, y: 100 / (1 + np.exp(-20 * (x + y - 1))),
    ],
)
@pytest.mark.parametrize("negative", [False, True])
def test_uneven_light_changes_little(shadow: Callable[[Gray, Gray], Gray], *, negative: bool) -> None:
    sheet = written("3", height=300, width=400, paper=240, ink=60, pen=12)
    y, x = np.mgrid[:300, :400] / 400
    shaded = np.clip(sheet - shadow(x, y), 0, 255).astype(np.uint8)
    prepared = prepare(255 - shaded if negative else shaded)
    assert prepared.single is not None
    assert prepared.dark_on_light is not negative
    assert difference(prepared.single.crop, clean(sheet).crop) < 12


def test_a_shadow_over_half_the_sheet_is_not_taken_for_ink() -> None:
    sheet = written("5", height=200, width=200, pen=12)
    light = np.ones((200, 200))
    light[:, 90:] = 0.55
    prepared = prepare((sheet * cv2.blur(light, (11, 11))).astype(np.uint8))
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert difference(prepared.single.crop, clean(sheet).crop) < 10


def test_noise_does_not_hide_a_digit() -> None:
    noise = np.random.default_rng(1).normal(0, 12, (300, 400))
    plain = written("3", height=300, width=400, paper=200, ink=60, pen=14)
    single = clean(np.clip(plain + noise, 0, 255).astype(np.uint8))
    assert is_near(single.box, ink_of(plain), 6)


@pytest.mark.parametrize("strength", [15, 30])
def test_a_picture_taken_in_the_dark_is_smoothed(strength: int) -> None:
    grain = np.random.default_rng(0).normal(0, strength, (240, 240))
    plain = written("5", height=240, width=240, pen=14, paper=140, ink=40)
    noisy = clean(np.clip(plain + grain, 0, 255).astype(np.uint8))
    assert difference(noisy.crop, clean(plain).crop) < 12


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (300, 400), (1, 1), (1, 50), (3, 2000)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_nothing_in_it(shape: tuple[int, int], level: int) -> None:
    prepared = prepare(np.full(shape, level, np.uint8))
    assert (prepared.single, prepared.sheet) == (None, None)


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (300, 300), (900, 1200)])
@pytest.mark.parametrize("strength", [1, 3, 8, 20])
def test_noise_alone_is_nothing(shape: tuple[int, int], strength: int) -> None:
    noise = np.random.default_rng(strength).normal(190, strength, shape)
    prepared = prepare(np.clip(noise, 0, 255).astype(np.uint8))
    assert (prepared.single, prepared.sheet) == (None, None)


def test_a_shadow_on_blank_paper_is_nothing() -> None:
    y, x = np.mgrid[:300, :400]
    prepared = prepare((120 + x / 5 + y / 8).astype(np.uint8))
    assert (prepared.single, prepared.sheet) == (None, None)
