"""Any picture can be prepared."""

import numpy as np
import pytest

from recognizer.opencv import cv2
from recognizer.preparation import prepare
from tests.unit.written import part_boxes, written


def test_any_picture_gives_a_crop_that_follows_the_contract_and_boxes_within_itself() -> None:
    random = np.random.default_rng(7)
    seen = 0
    for _ in range(300):
        shape = tuple(random.integers(1, 90, 2))
        picture = random.integers(0, 256, shape).astype(np.uint8)
        picture = cv2.blur(picture, tuple(int(side) for side in random.integers(1, 12, 2)))
        cv2.line(picture, *(tuple(int(value) for value in random.integers(-20, 100, 2)) for _ in range(2)), 255, 3)
        prepared = prepare(picture)
        boxes = part_boxes(prepared) if prepared.sheet else []
        if prepared.single:
            seen += 1
            assert prepared.single.crop.shape == (28, 28)
            assert prepared.single.crop.max() > 0
            boxes.append(prepared.single.box)
        for box in boxes:
            assert min(box.left, box.top) >= 0
            assert min(box.width, box.height) >= 1
            assert box.left + box.width <= shape[1]
            assert box.top + box.height <= shape[0]
    assert seen > 10


ODD_SHAPES = [(1, 1), (2, 2), (1, 7), (1, 500), (500, 1), (2, 800), (800, 2), (2, 20_000), (20_000, 2), (2, 200_000)]


@pytest.mark.parametrize("shape", ODD_SHAPES, ids=str)
@pytest.mark.parametrize("pattern", ["dots", "block", "noise", "ramp"])
def test_a_picture_of_any_shape_is_prepared(shape: tuple[int, int], pattern: str) -> None:
    picture = np.full(shape, 255, np.uint8)
    if pattern == "dots":
        picture.flat[::7] = 0
    elif pattern == "block":
        picture[shape[0] // 3 :, shape[1] // 3 : 2 * shape[1] // 3 + 1] = 0
    elif pattern == "noise":
        picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    else:
        picture.flat[:] = np.linspace(0, 255, picture.size)
    prepared = prepare(picture)
    if prepared.single:
        assert prepared.single.crop.shape == (28, 28)
    if prepared.sheet:
        assert prepared.sheet.strength.shape == prepared.sheet.mask.shape
        assert prepared.sheet.components


def test_a_large_picture_is_shrunk_before_its_ink_is_looked_for() -> None:
    """So that neither its memory nor its time grows beyond a few times a small one's."""
    sheet = prepare(written("512", height=2500, pen=180)).sheet
    assert sheet is not None
    assert sheet.factor == 4
    assert sheet.mask.size <= written("512", height=2500).size / 16
