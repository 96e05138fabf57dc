"""Other ink beside a digit is on the sheet, and the digit is no single one."""

import numpy as np
import pytest

from recognizer.opencv import cv2
from recognizer.preparation import prepare
from tests.unit.written import clean, difference, ink_of, is_near, part_boxes, written


@pytest.mark.parametrize("text", ["10", "0472", "2026", "123456"])
def test_several_marks_are_no_single_digit_and_all_are_on_the_sheet(text: str) -> None:
    prepared = prepare(written(text))
    assert prepared.single is None
    assert len(part_boxes(prepared)) == len(text)
    assert part_boxes(prepared)[0].left < part_boxes(prepared)[-1].left


def test_rows_are_on_one_sheet() -> None:
    sheet = np.vstack((written("12", width=500), written("34", width=500)))
    boxes = part_boxes(prepare(sheet))
    assert sorted(box.top // 200 for box in boxes) == [0, 0, 1, 1]


@pytest.mark.parametrize("text", list("0123456789"))
def test_a_clean_digit_is_read_by_both_networks(text: str) -> None:
    prepared = prepare(written(text))
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(written(text)), 2)
    assert part_boxes(prepared) == [prepared.single.box]


@pytest.mark.parametrize(
    ("start", "end", "pen"),
    [((20, 175), (280, 175), 4), ((40, 30), (40, 170), 3), ((230, 40), (230, 160), 8), ((240, 150), (250, 160), 8)],
    ids=["underline", "printed line", "stroke", "point"],
)
def test_other_ink_beside_a_digit_is_on_the_sheet_and_the_digit_is_no_single_one(
    start: tuple[int, int], end: tuple[int, int], pen: int
) -> None:
    sheet = written("5", width=300)
    cv2.line(sheet, start, end, 0, pen)
    prepared = prepare(sheet)
    assert prepared.single is None
    assert len(part_boxes(prepared)) == 2


def test_a_stroke_across_a_digit_is_one_mark_with_it() -> None:
    sheet = written("5", width=300)
    cv2.line(sheet, (90, 112), (210, 108), 0, 6)
    assert is_near(clean(sheet).box, (87, 78, 127, 68), 4)


def test_specks_beside_a_digit_leave_it_single_and_are_not_in_its_crop() -> None:
    sheet = written("5", width=300)
    for x, y in ((20, 20), (280, 30), (150, 190), (30, 170)):
        cv2.circle(sheet, (x, y), 2, 0, -1)
    prepared = prepare(sheet)
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(written("5", width=300)), 1)
    assert difference(prepared.single.crop, clean(written("5", width=300)).crop) < 1
    assert len(part_boxes(prepared)) == 5


def test_specks_within_a_digit_s_box_are_not_in_its_crop() -> None:
    sheet = written("7", height=300, width=300, pen=10)
    plain = clean(sheet).crop
    left, top, _, height = ink_of(sheet)
    cv2.circle(sheet, (left + 8, top + height - 12), 3, 0, -1)
    assert difference(clean(sheet).crop, plain) < 1


def test_a_stroke_that_goes_on_beyond_the_border_is_no_broad_end() -> None:
    """It is on the sheet: the number network tells whether it is a digit's."""
    sheet = written("5", width=300)
    cv2.line(sheet, (250, 0), (260, 60), 0, 8)
    prepared = prepare(sheet)
    assert prepared.single is None
    assert len(part_boxes(prepared)) == 2


def test_a_digit_cut_by_the_border_beside_a_whole_one_is_on_the_sheet() -> None:
    sheet = written("35", width=400)
    left, _, width, _ = ink_of(sheet)
    assert len(part_boxes(prepare(np.ascontiguousarray(sheet[:, : left + width - 6])))) == 2


def test_a_bold_digit_at_the_border_beside_a_thin_one_is_kept() -> None:
    sheet = np.full((200, 300), 255, np.uint8)
    cv2.putText(sheet, "3", (40, 150), cv2.FONT_HERSHEY_SIMPLEX, 4, 0, 10, cv2.LINE_AA)
    cv2.putText(sheet, "5", (190, 150), cv2.FONT_HERSHEY_SIMPLEX, 4, 0, 14, cv2.LINE_AA)
    left, _, width, _ = ink_of(sheet)
    assert len(part_boxes(prepare(np.ascontiguousarray(sheet[:, : left + width])))) == 2


def test_a_picture_full_of_marks_has_no_more_parts_than_are_looked_at() -> None:
    speckled = np.full((1000, 1000), 255, np.uint8)
    speckled[::12, ::12] = speckled[1::12, ::12] = speckled[::12, 1::12] = speckled[1::12, 1::12] = 0
    prepared = prepare(cv2.resize(speckled, (2000, 2000), interpolation=cv2.INTER_NEAREST))
    assert prepared.single is None
    assert 0 < len(part_boxes(prepared)) <= 200
