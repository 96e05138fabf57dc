"""Marks cut in two and joined."""

import numpy as np

from recognizer.mark import Mark, halves, joined
from recognizer.opencv import cv2
from recognizer.reading import Box


def mark(*lines: tuple[int, int, int, int], shape: tuple[int, int] = (60, 90), factor: int = 1) -> Mark:
    strength = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1 in lines:
        cv2.line(strength, (x0, y0), (x1, y1), 255, 5)
    return Mark(strength, 100.0, 200, 300, factor)


def test_the_box_is_where_the_ink_is_in_the_picture_s_pixels() -> None:
    strength = np.zeros((60, 90), np.uint8)
    strength[10:50, 20:25] = 255
    assert Mark(strength, 100.0, 200, 300, 3).box == Box(200 + 3 * 20, 300 + 3 * 10, 15, 120)


def test_a_cut_takes_the_way_of_the_least_ink() -> None:
    two_ones = mark((20, 10, 20, 50), (20, 30, 70, 30), (70, 10, 70, 50))
    for left, right in halves(two_ones):
        assert np.array_equal(np.maximum(left.strength, right.strength), two_ones.strength)
        assert np.count_nonzero(left.strength) + np.count_nonzero(right.strength) == np.count_nonzero(two_ones.strength)
        assert left.box.left + left.box.width <= right.box.left + 1


def test_slanting_strokes_are_parted_where_no_straight_cut_could() -> None:
    strokes = [mark((34, 5, 30, 55)), mark((43, 5, 39, 55))]
    slanted = Mark(np.maximum(strokes[0].strength, strokes[1].strength), 100.0, 200, 300)
    assert any(np.array_equal(left.strength, strokes[0].strength) for left, _ in halves(slanted))


def test_both_halves_hold_ink() -> None:
    for width in range(1, 12):
        narrow = Mark(np.full((20, width), 255, np.uint8), 100.0, 0, 0)
        for pair in halves(narrow):
            assert all(half.box.width > 0 for half in pair)


def test_marks_that_nearly_touch_are_joined_in_their_places() -> None:
    whole = mark((20, 10, 20, 50), (30, 10, 30, 50), factor=2)
    one, other = mark((20, 10, 20, 50), factor=2), mark((30, 10, 30, 50), factor=2)
    moved = Mark(other.strength[:, 10:], other.level, other.left + 20, other.top, 2)
    both = joined([one, moved])
    assert both is not None
    assert both.box == whole.box
    assert np.array_equal(both.strength, whole.strength)


def test_the_pieces_of_a_stroke_are_joined_also_one_below_the_other() -> None:
    upper, lower = mark((30, 10, 27, 26)), mark((24, 36, 21, 52))
    both = joined([upper, lower])
    assert both is not None
    assert both.box.height == lower.box.top + lower.box.height - upper.box.top


def test_three_pieces_are_joined_where_each_nearly_touches_those_before_it() -> None:
    left, middle, right = mark((20, 10, 20, 50)), mark((30, 10, 30, 50)), mark((40, 10, 40, 50))
    assert joined([left, right]) is None
    both = joined([left, middle, right])
    assert both is not None
    assert both.box == Box(
        left.box.left, left.box.top, right.box.left + right.box.width - left.box.left, left.box.height
    )


def test_marks_far_apart_or_in_other_rows_are_not_joined() -> None:
    one = mark((20, 10, 20, 50))
    assert joined([one, mark((30, 10, 30, 50))]) is not None
    assert joined([one, mark((36, 10, 36, 50))]) is None
    below = Mark(one.strength, one.level, one.left, one.top + 70)
    assert joined([one, below]) is None
