"""Tables, labels and pages: what is the ground, and what is the ink."""

import numpy as np
import pytest

from recognizer.opencv import cv2
from recognizer.preparation import prepare
from tests.unit.written import beside, clean, dark_label, difference, ink_of, is_near, part_boxes, table_corner, written


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize("breadth", [45, 60])
def test_a_dark_table_beside_the_sheet_is_no_ink(side: str, breadth: int) -> None:
    prepared = prepare(beside(side, breadth))
    plain = written("5", height=300, width=300, pen=12)
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(plain), 4)
    assert difference(prepared.single.crop, clean(plain).crop) < 6
    assert part_boxes(prepared) == [prepared.single.box]


def test_a_broad_end_leaves_nothing_of_itself_on_the_sheet() -> None:
    for picture in (table_corner(), beside("top", 45)):
        sheet = prepare(picture).sheet
        assert sheet is not None
        left, top, width, height = (
            side // sheet.factor for side in ink_of(written("5", height=300, width=300, pen=12))
        )
        rest = sheet.strength.copy()
        rest[top - 4 : top + height + 4, left - 4 : left + width + 4] = 0
        assert rest.max() == 0
        assert cv2.countNonZero(sheet.mask) > 0


@pytest.mark.parametrize(("side", "joint"), [("left", (20, 150)), ("bottom", (95, 280))])
def test_a_digit_that_has_grown_together_with_the_table_stays_on_the_sheet(side: str, joint: tuple[int, int]) -> None:
    apart, grown = beside(side, 45, text="57"), beside(side, 45, text="57")
    left, top, width, height = (
        part_boxes(prepare(apart))[0].left,
        *ink_of(written("5", height=300, width=150, pen=12))[1:],
    )
    cv2.line(grown, joint, (left + width // 3, top + height // 2), 0, 12)
    boxes = part_boxes(prepare(grown))
    assert len(boxes) == 2
    assert abs(boxes[1].left - part_boxes(prepare(apart))[1].left) <= 4
    assert boxes[0].left + boxes[0].width >= left + width // 2
    assert max(box.height for box in boxes) < 250


def test_digits_that_fill_the_boxes_of_a_form_at_the_border_are_no_corner_of_a_table() -> None:
    sheet = np.full((200, 300), 255, np.uint8)
    sheet[:10, 180:] = 0
    for left in range(194, 300, 24):
        sheet[:80, left : left + 10] = 0
    cv2.ellipse(sheet, (90, 120), (40, 50), 0, 0, 360, 0, 16)
    assert max(box.left for box in part_boxes(prepare(sheet))) == 180


def test_a_sheet_lying_askew_on_a_dark_ground_is_still_dark_on_light() -> None:
    sheet = written("5", height=220, width=220, pen=14)
    turn = cv2.getRotationMatrix2D((110, 110), 28, 1.0)
    askew = np.asarray(cv2.warpAffine(sheet, turn, (220, 220), borderValue=0), np.uint8)
    prepared = prepare(askew)
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert 60 < prepared.single.box.left < 100
    assert 50 < prepared.single.box.width < 100


@pytest.mark.parametrize("at", [(100, 60), (20, 100), (180, 30)])
def test_a_digit_on_a_dark_label_is_read_as_itself(at: tuple[int, int]) -> None:
    prepared = prepare(dark_label("5", at=at))
    plain = written("5", height=300, width=300, pen=24)
    left, top, width, height = ink_of(plain)
    assert not prepared.dark_on_light
    assert prepared.single is not None
    assert difference(prepared.single.crop, clean(plain).crop) < 8
    assert is_near(prepared.single.box, (left + at[0], top + at[1], width, height), 8)
    assert part_boxes(prepared) == [prepared.single.box]


def test_several_digits_on_a_dark_label_stand_where_they_stand_on_the_page() -> None:
    prepared = prepare(dark_label("512", width=800))
    left, top, width, _ = ink_of(written("512", height=300, width=800, pen=24))
    boxes = part_boxes(prepared)
    assert prepared.single is None
    assert len(boxes) == 3
    assert abs(boxes[0].left - left - 100) <= 8
    assert abs(boxes[-1].left + boxes[-1].width - left - width - 100) <= 8
    assert all(abs(box.top - top - 60) <= 8 for box in boxes)


def test_a_light_page_amid_a_dark_table_is_read_as_itself() -> None:
    table = np.full((500, 600), 30, np.uint8)
    table[80:420, 120:480] = written("5", height=340, width=360, pen=24)
    prepared = prepare(table)
    left, top, width, height = ink_of(written("5", height=340, width=360, pen=24))
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert is_near(prepared.single.box, (left + 120, top + 80, width, height), 8)


@pytest.mark.parametrize("degrees", [-20, -8, 5, 12])
@pytest.mark.parametrize("text", ["5", "472"])
def test_a_page_that_lies_askew_on_a_dark_table_is_read_as_itself(text: str, degrees: int) -> None:
    page = written(text, height=300, width=420, pen=20)
    turn = cv2.getRotationMatrix2D((210, 150), degrees, 1)
    turn[:, 2] += (190, 250)
    table = cv2.warpAffine(page, turn, (800, 800), borderValue=30)
    prepared = prepare(np.asarray(table, np.uint8))
    left, top, width, height = ink_of(np.asarray(cv2.warpAffine(page, turn, (800, 800), borderValue=255), np.uint8))
    boxes = part_boxes(prepared)
    assert prepared.dark_on_light
    assert len(boxes) == len(text)
    assert abs(boxes[0].left - left) <= 8
    assert abs(boxes[-1].left + boxes[-1].width - left - width) <= 8
    assert abs(min(box.top for box in boxes) - top) <= 8
    assert abs(max(box.top + box.height for box in boxes) - top - height) <= 8


@pytest.mark.parametrize("degrees", [-14, -8, 8, 14])
def test_the_corners_of_a_table_under_a_page_that_fills_the_picture_are_no_ink(degrees: int) -> None:
    turn = cv2.getRotationMatrix2D((200, 150), degrees, 1)
    page = written("5", height=300, width=400, pen=20)
    prepared = prepare(np.asarray(cv2.warpAffine(page, turn, (400, 300), borderValue=20), np.uint8))
    alone = np.asarray(cv2.warpAffine(page, turn, (400, 300), borderValue=255), np.uint8)
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(alone), 6)


def test_a_stroke_in_the_corner_of_a_picture_is_kept() -> None:
    sheet = np.full((200, 300), 255, np.uint8)
    cv2.rectangle(sheet, (0, 0), (120, 14), 0, -1)  # the bar of a 5 that is cropped tightly
    cv2.ellipse(sheet, (150, 100), (40, 50), 0, 0, 360, 0, 16)
    assert part_boxes(prepare(sheet))[0].left == 0


def test_a_bold_digit_is_no_label() -> None:
    sheet = np.full((200, 300), 255, np.uint8)
    cv2.ellipse(sheet, (150, 100), (60, 70), 0, 0, 360, 0, 40)
    prepared = prepare(sheet)
    assert prepared.dark_on_light
    assert is_near(clean(sheet).box, (70, 10, 161, 181), 4)
