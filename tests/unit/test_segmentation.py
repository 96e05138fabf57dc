from collections.abc import Sequence

import numpy as np

from recognizer.clutter import find_panel, without_clutter
from recognizer.opencv import cv2
from recognizer.segmentation import Part, find_parts, group_digits


def part(left: int, top: int, width: int, height: int, label: int = 1) -> Part:
    return Part(label, left, top, width, height, width * height // 2)


def grouped(*parts: Part, picture_height: int = 200) -> list[list[int]]:
    return [[parts.index(member) for member in group.parts] for group in group_digits(parts, picture_height)]


def kept(boxes: Sequence[tuple[int, int, int, int]], shape: tuple[int, int] = (200, 300)) -> list[tuple[int, ...]]:
    """Fill the boxes with ink and give those that are not clutter."""
    mask = np.zeros(shape, np.uint8)
    for left, top, width, height in boxes:
        mask[top : top + height, left : left + width] = 255
    parts, labels = find_parts(mask)
    return [(p.left, p.top, p.width, p.height) for p in without_clutter(parts, labels)]


def test_parts_have_their_label_box_and_area() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 3:10] = 255
    mask[8:18, 20:22] = 255
    parts, labels = find_parts(mask)
    assert [(p.left, p.top, p.width, p.height, p.area) for p in parts] == [(3, 2, 7, 3, 21), (20, 8, 2, 10, 20)]
    assert [int(labels[3, 4]), int(labels[9, 20])] == [p.label for p in parts]


def test_pixels_that_touch_at_a_corner_are_one_part() -> None:
    assert len(find_parts(np.eye(12, dtype=np.uint8) * 255)[0]) == 1


def test_of_very_many_parts_the_largest_are_looked_at() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[::2, ::2] = 255
    mask[60:71, 60:71] = 255
    parts, _ = find_parts(mask)
    assert len(parts) == 200
    assert max(p.area for p in parts) >= 121


def test_a_large_picture_may_have_more_parts_than_sixteen_bits_count() -> None:
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = 255
    assert find_parts(mask)[1].max() == 90_000


def test_nothing_gives_no_groups() -> None:
    assert group_digits([], 28) == []


def test_parts_side_by_side_are_digits() -> None:
    assert grouped(part(100, 50, 40, 80), part(20, 50, 40, 80)) == [[1], [0]]


def test_digits_that_stand_close_stay_apart() -> None:
    assert grouped(part(20, 50, 40, 80), part(63, 50, 40, 80)) == [[0], [1]]


def test_slanted_digits_whose_boxes_overlap_a_little_stay_apart() -> None:
    assert grouped(part(20, 50, 40, 80), part(50, 50, 40, 80)) == [[0], [1]]


def test_the_bar_of_a_five_belongs_to_it() -> None:
    assert grouped(part(40, 20, 50, 10), part(20, 40, 50, 80)) == [[0, 1]]
    assert grouped(part(75, 20, 50, 10), part(20, 30, 50, 80)) == [[0, 1]]


def test_a_stroke_broken_from_top_to_bottom_is_one_digit() -> None:
    assert grouped(part(20, 20, 40, 50), part(25, 76, 40, 50)) == [[0, 1]]


def test_rows_are_not_joined() -> None:
    assert grouped(part(20, 10, 40, 60), part(20, 110, 40, 60)) == [[0], [1]]


def test_in_a_picture_too_low_for_two_rows_everything_above_each_other_is_one_digit() -> None:
    assert grouped(part(6, 4, 10, 7), part(7, 17, 12, 7), picture_height=28) == [[0, 1]]


def test_two_digits_in_a_picture_as_small_as_the_contract_s_stay_two() -> None:
    assert grouped(part(2, 4, 10, 20), part(14, 4, 10, 20), picture_height=28) == [[0], [1]]


def test_dots_and_dashes_beside_digits_are_left_out() -> None:
    assert grouped(part(20, 50, 40, 80), part(100, 85, 60, 10)) == [[0]]


def test_reading_order_is_by_rows_even_if_they_are_uneven() -> None:
    low_first = (part(20, 30, 30, 60), part(80, 20, 30, 60), part(140, 38, 30, 60))
    second_row = (part(20, 140, 30, 60), part(80, 130, 30, 60))
    assert grouped(*second_row, *low_first, picture_height=300) == [[2], [3], [4], [0], [1]]


def test_a_lone_part_is_never_clutter() -> None:
    assert kept([(0, 0, 300, 10)]) == [(0, 0, 300, 10)]


def test_specks_are_clutter() -> None:
    assert kept([(100, 50, 40, 100), (200, 50, 3, 3)]) == [(100, 50, 40, 100)]


def test_a_ruled_line_is_clutter_though_broken() -> None:
    digit = (100, 50, 40, 100)
    assert kept([digit, (5, 170, 290, 3)]) == [digit]
    assert kept([digit, (5, 170, 90, 3), (110, 172, 80, 3), (205, 174, 90, 3)]) == [digit]
    assert kept([digit, (20, 5, 3, 190)]) == [digit]


def test_pieces_of_a_printed_line_are_clutter_beside_a_bolder_pen() -> None:
    digit, gap = (100, 60, 8, 80), (130, 60, 8, 80)
    assert kept([digit, gap, (20, 0, 2, 60), (20, 75, 2, 80)]) == [digit, gap]


def test_a_thin_stroke_is_a_digit_if_nothing_goes_on_above_or_below_it() -> None:
    assert len(kept([(100, 60, 8, 80), (130, 60, 8, 80), (40, 60, 3, 80)])) == 3


def test_a_speck_far_below_does_not_make_a_stroke_a_ruled_line() -> None:
    digits = [(100, 40, 12, 100), (160, 40, 50, 100)]
    assert kept([*digits, (104, 190, 3, 3)]) == digits


def test_upright_strokes_as_high_as_their_neighbours_are_digits() -> None:
    ones = [(20, 2, 12, 196), (80, 2, 60, 196), (180, 2, 12, 196)]
    assert sorted(kept(ones)) == ones


def test_lines_crossing_at_a_corner_of_the_picture_are_clutter() -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[50:150, 100:140] = 255
    mask[180:184, :] = 255
    mask[:, 20:24] = 255
    parts, labels = find_parts(mask)
    assert [(p.left, p.width) for p in without_clutter(parts, labels)] == [(100, 40)]


def test_a_loop_around_nothing_of_size_is_a_digit() -> None:
    mask = np.zeros((200, 300), np.uint8)
    cv2.rectangle(mask, (100, 30), (200, 170), 255, 6)
    mask[98:102, 148:152] = 255
    parts, labels = find_parts(mask)
    assert 101 in {p.width - 6 for p in without_clutter(parts, labels)}


def test_a_round_loop_around_a_stroke_is_a_digit() -> None:
    mask = np.zeros((200, 300), np.uint8)
    cv2.ellipse(mask, (150, 100), (60, 80), 0, 0, 360, 255, 6)
    cv2.line(mask, (140, 120), (160, 80), 255, 6)
    parts, labels = find_parts(mask)
    assert len(without_clutter(parts, labels)) == 2


def test_a_filled_rectangle_is_a_panel_and_a_bold_digit_is_none() -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[20:180, 50:250] = 255
    mask[60:140, 120:180] = 0
    found = find_panel(*find_parts(mask))
    assert found is not None
    assert all(0 < abs(edge - outer) < 10 for edge, outer in zip(found, (50, 20, 250, 180), strict=True))
    mask = np.zeros((200, 300), np.uint8)
    cv2.ellipse(mask, (150, 100), (60, 80), 0, 0, 360, 255, 50)
    assert find_panel(*find_parts(mask)) is None
    assert find_panel([], find_parts(mask)[1]) is None
