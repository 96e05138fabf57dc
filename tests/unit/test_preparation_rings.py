"""Rings and boxes around a mark are no ink of it, unless a stroke has grown together with them."""

import numpy as np
import pytest

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from recognizer.preparation import SLASHED, prepare
from tests.unit.written import ink_of, is_near, part_boxes, written


def page(text: str) -> Gray:
    return written(text, height=300, width=440, pen=12)


def ringed(text: str, *, gap: int = 0) -> Gray:
    left, top, width, height = ink_of(page(text))
    middle, axes = (left + width // 2, top + height // 2), (width // 2 + 40, height // 2 + 40)
    return np.asarray(cv2.ellipse(page(text), middle, axes, 0, 40, 400 - gap, 0, 5), np.uint8)


def boxed(text: str) -> Gray:
    left, top, width, height = ink_of(page(text))
    corners = (left - 20, top - 20), (left + width + 20, top + height + 20)
    return np.asarray(cv2.rectangle(page(text), *corners, 0, 4), np.uint8)


@pytest.mark.parametrize(
    ("picture", "text"), [(ringed("5"), "5"), (ringed("5", gap=40), "5"), (boxed("5"), "5"), (boxed("472"), "472")]
)
def test_a_ring_or_box_around_marks_is_left_out(picture: Gray, text: str) -> None:
    prepared = prepare(picture)
    left, top, width, height = ink_of(page(text))
    boxes = part_boxes(prepared)
    assert len(boxes) == len(text)
    assert prepared.caveat == ""
    assert (prepared.single is not None) == (text == "5")
    assert abs(boxes[0].left - left) <= 4
    assert abs(boxes[-1].left + boxes[-1].width - left - width) <= 4
    assert abs(min(box.top for box in boxes) - top) <= 4
    assert abs(max(box.top + box.height for box in boxes) - top - height) <= 4


def test_a_box_that_a_digit_touches_is_not_left_out() -> None:
    left, top, width, height = ink_of(boxed("472"))
    picture = boxed("472")
    cv2.line(picture, (left + width, top + height // 2), (left + width - 40, top + height // 2), 0, 6)
    found = part_boxes(prepare(picture))
    assert is_near(found[0], (left, top, width, height), 4)


def test_a_ring_that_is_open_on_one_side_is_not_left_out() -> None:
    assert len(part_boxes(prepare(ringed("5", gap=90)))) == 2


def test_a_large_digit_around_a_small_one_is_not_left_out() -> None:
    picture = np.full((300, 300), 255, np.uint8)
    cv2.polylines(
        picture, [np.array([(40, 40), (260, 40), (120, 270)], np.int32)], isClosed=False, color=0, thickness=14
    )
    cv2.circle(picture, (100, 130), 40, 0, 12)
    assert len(part_boxes(prepare(picture))) == 2


def test_the_dot_of_a_dotted_zero_does_not_take_the_zero_away() -> None:
    picture = np.full((300, 300), 255, np.uint8)
    cv2.ellipse(picture, (150, 150), (70, 100), 0, 0, 360, 0, 12)
    cv2.circle(picture, (150, 150), 18, 0, -1)
    assert len(part_boxes(prepare(picture))) == 2


def test_a_plain_stroke_in_a_ring_may_be_a_slashed_zero_and_in_a_box_is_a_one() -> None:
    ring = np.full((300, 300), 255, np.uint8)
    box = ring.copy()
    cv2.ellipse(ring, (150, 150), (80, 110), 0, 0, 360, 0, 10)
    cv2.rectangle(box, (60, 40), (240, 260), 0, 6)
    for picture in (ring, box):
        cv2.line(picture, (120, 210), (180, 90), 0, 10)
    assert prepare(ring).caveat == SLASHED
    assert prepare(box).caveat == ""
    assert is_near(part_boxes(prepare(ring))[0], (115, 85, 71, 131), 6)
