"""Digits that touch ruled lines and frames."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.ink import Ink
from recognizer.opencv import cv2
from recognizer.ruling import without_ruling
from recognizer.segmentation import find_parts

Mask = NDArray[np.uint8]


def sheet() -> Mask:
    """Draw a 2 without a line to be taken for one: an arc and a slanting stroke."""
    mask = np.zeros((200, 300), np.uint8)
    cv2.ellipse(mask, (150, 80), (30, 35), 0, 180, 380, 255, 9)
    cv2.line(mask, (178, 95), (125, 150), 255, 9)
    return mask


def erased(mask: Mask) -> Mask | None:
    parts, labels = find_parts(mask)
    bare = without_ruling(Ink(mask.copy(), mask.copy(), 128.0, dark_on_light=True), parts, labels)
    if bare is not None:
        assert np.array_equal(bare.strength > 0, bare.mask > 0)
    return None if bare is None else bare.mask


@pytest.mark.parametrize("height", [60, 100, 150])
@pytest.mark.parametrize("slope", [-3, 0, 4])
def test_a_line_through_a_digit_is_erased_and_the_digit_stays_one_mark(height: int, slope: int) -> None:
    mask = sheet()
    cv2.line(mask, (0, height), (299, height + slope), 255, 3)
    found = erased(mask)
    assert found is not None
    assert not found[:, :80].any()
    assert not found[:, 220:].any()
    parts, _ = find_parts(found)
    assert max(part.area for part in parts) > 0.75 * np.count_nonzero(sheet())


def test_upright_lines_are_erased_too() -> None:
    mask = sheet()
    cv2.line(mask, (140, 0), (141, 199), 255, 3)
    found = erased(mask)
    assert found is not None
    assert not found[:30].any()
    assert not found[170:].any()


def test_a_frame_and_its_dividers_are_erased_where_a_digit_touches_them() -> None:
    mask = sheet()
    cv2.rectangle(mask, (10, 20), (290, 148), 255, 3)
    for x in (80, 215):
        cv2.line(mask, (x, 20), (x, 148), 255, 3)
    found = erased(mask)
    assert found is not None
    left, top, width, height = cv2.boundingRect(found)
    assert left > 100
    assert left + width < 200
    assert height > 80
    assert top > 30


def test_a_stroke_that_crosses_a_frame_is_kept_on_both_sides() -> None:
    mask = sheet()
    cv2.rectangle(mask, (60, 20), (240, 180), 255, 3)
    cv2.line(mask, (150, 100), (150, 190), 255, 7)
    cv2.line(mask, (150, 190), (180, 192), 255, 7)  # its foot lies below the frame
    found = erased(mask)
    assert found is not None
    assert found[185:].any(axis=0).sum() >= 30
    assert len(find_parts(found)[0]) == 1


def test_what_is_no_ruling_is_left_alone() -> None:
    bar, square_zero = np.zeros((200, 300), np.uint8), np.zeros((200, 300), np.uint8)
    bar[60:130] = 255  # too thick for a line
    cv2.rectangle(square_zero, (60, 20), (140, 180), 255, 6)
    for mask in (sheet(), bar, square_zero):
        assert erased(mask) is None


def test_a_square_eight_is_no_frame() -> None:
    mask = np.zeros((200, 300), np.uint8)
    cv2.rectangle(mask, (100, 20), (200, 180), 255, 6)
    cv2.line(mask, (100, 100), (200, 100), 255, 6)
    assert erased(mask) is None


def test_a_small_picture_has_no_ruling() -> None:
    mask = np.zeros((28, 28), np.uint8)
    mask[10:12] = mask[2:26, 13:15] = 255
    assert erased(mask) is None
