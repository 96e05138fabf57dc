import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.contract import Card
from recognizer.errors import UnreadableImage
from recognizer.opencv import cv2
from recognizer.preparation import MOST_DIGITS, Prepared, prepare
from recognizer.reader import prepare_file, read
from recognizer.reading import Box, Verdict


def card(threshold: float) -> Card:
    return Card(1, "fake", "none", 0, 0, 0, 1.0, 1.0, threshold, 0.2, "2026-01-01T00:00:00+00:00", 0.0, {})


class TableModel:
    """Reads a crop's grey level as the number of the row of a table of probabilities."""

    def __init__(self, *rows: dict[int, float], threshold: float = 0.9) -> None:
        self.card = card(threshold)
        self.calls: list[int] = []
        self._table = np.zeros((len(rows), 10), np.float32)
        for index, row in enumerate(rows):
            for label, probability in row.items():
                self._table[index, label] = probability

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert crops.shape[1:] == (28, 28)
        self.calls.append(len(crops))
        return self._table[crops[:, 14, 14]]


def picture(*rows: int) -> Prepared:
    crops = np.repeat(np.array(rows, np.uint8), 28 * 28).reshape(-1, 28, 28)
    boxes = tuple(Box(10 * index, 0, 8, 20) for index in range(len(rows)))
    return Prepared(crops, boxes, dark_on_light=True)


def test_a_sure_reading_is_accepted() -> None:
    (reading,) = read([picture(0)], TableModel({7: 0.95, 1: 0.05}))
    assert reading.text == "7"
    assert reading.confidence == pytest.approx(0.95)
    assert reading.verdict is Verdict.ACCEPTED
    assert reading.reason is None


def test_a_digit_carries_its_ten_probabilities_and_its_box() -> None:
    (reading,) = read([picture(0, 1)], TableModel({7: 0.95, 1: 0.05}, {0: 1.0}))
    first, second = reading.digits
    assert (first.label, second.label) == (7, 0)
    assert first.probabilities == pytest.approx((0, 0.05, 0, 0, 0, 0, 0, 0.95, 0, 0))
    assert first.confidence == pytest.approx(0.95)
    assert (first.box.left, second.box.left) == (0, 10)


def test_leading_zeros_are_kept() -> None:
    (reading,) = read([picture(0, 1, 0)], TableModel({0: 1.0}, {4: 1.0}))
    assert reading.text == "040"


def test_the_confidence_is_the_product_of_the_digits_confidences() -> None:
    (reading,) = read([picture(0, 0, 0)], TableModel({7: 0.9, 1: 0.1}, threshold=0.5))
    assert reading.confidence == pytest.approx(0.9**3)
    assert reading.verdict is Verdict.ACCEPTED


def test_the_threshold_itself_is_accepted() -> None:
    (reading,) = read([picture(0)], TableModel({7: 0.5, 1: 0.5}, threshold=0.5))
    assert reading.verdict is Verdict.ACCEPTED


def test_a_doubtful_reading_goes_to_review_and_names_the_candidates() -> None:
    (reading,) = read([picture(0)], TableModel({4: 0.6, 9: 0.4}))
    assert reading.text == "4"
    assert reading.verdict is Verdict.REVIEW
    assert reading.reason == "not sure: 4 or 9"


def test_the_weakest_of_several_digits_is_named() -> None:
    (reading,) = read([picture(1, 0, 1)], TableModel({4: 0.6, 9: 0.4}, {1: 0.99, 7: 0.01}))
    assert reading.reason == "not sure: 4 or 9 (digit 2 of 3)"


def test_doubt_without_a_rival_is_doubt_that_it_is_a_digit() -> None:
    rest = dict.fromkeys(range(10), 0.03)
    (reading,) = read([picture(0)], TableModel(rest | {3: 0.73}))
    assert reading.reason == "not sure: 3 or no digit"


def test_a_picture_without_digits_is_rejected() -> None:
    (reading,) = read([picture()], TableModel({}))
    assert (reading.text, reading.confidence, reading.digits) == ("", 0.0, ())
    assert reading.verdict is Verdict.REJECTED
    assert reading.reason == "no digit found"


def test_a_picture_of_absurdly_many_marks_is_rejected_unread() -> None:
    model = TableModel({1: 1.0})
    most, more = read([picture(*[0] * MOST_DIGITS), picture(*[0] * (MOST_DIGITS + 1))], model)
    assert most.text == "1" * MOST_DIGITS
    assert more.verdict is Verdict.REJECTED
    assert more.reason == "more than 64 separate marks"
    assert model.calls == [MOST_DIGITS]


def test_all_pictures_are_read_in_one_call_and_in_their_order() -> None:
    model = TableModel(*({label: 1.0} for label in range(10)))
    readings = read([picture(3), picture(), picture(1, 2), picture(0)], model)
    assert [reading.text for reading in readings] == ["3", "", "12", "0"]
    assert model.calls == [4]


def test_nothing_to_read_does_not_call_the_model() -> None:
    model = TableModel({})
    assert read([], model) == []
    assert len(read([picture(), picture()], model)) == 2
    assert model.calls == []


def test_values_are_plain_python() -> None:
    (reading,) = read([picture(0)], TableModel({7: 1.0}))
    digit = reading.digits[0]
    assert [type(value) for value in (reading.confidence, digit.label, digit.confidence, digit.probabilities[0])] == [
        float,
        int,
        float,
        float,
    ]


def test_a_file_is_prepared_with_its_identity(tmp_path: Path) -> None:
    sheet = np.full((100, 100), 255, np.uint8)
    cv2.line(sheet, (50, 20), (50, 80), 0, 6)
    data = cv2.imencode(".png", sheet)[1].tobytes()
    (tmp_path / "one.png").write_bytes(data)
    os.utime(tmp_path / "one.png", ns=(1, 2_000_000_001))
    file = prepare_file(os.fsencode(tmp_path / "one.png"))
    assert (file.size, file.mtime_ns, file.digest) == (len(data), 2_000_000_001, hashlib.sha256(data).hexdigest())
    assert file.prepared.crops.shape == (1, 28, 28)
    assert file.prepared.boxes == (Box(47, 17, 7, 67),)


def test_an_unreadable_file_raises_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"^vanished$"):
        prepare_file(os.fsencode(tmp_path / "gone.png"))


def test_what_looks_like_no_digit_is_rejected_and_can_still_be_explained() -> None:
    (reading,) = read([picture(0)], TableModel(dict.fromkeys(range(10), 0.1)))
    assert (reading.verdict, reading.text) == (Verdict.REJECTED, "")
    assert reading.reason == "nothing in it looks like a digit"
    assert len(reading.digits) == 1


def test_a_digit_beside_something_else_goes_to_review() -> None:
    (reading,) = read([picture(0, 1)], TableModel({7: 1.0}, dict.fromkeys(range(10), 0.1)))
    assert reading.verdict is Verdict.REVIEW
    assert reading.reason is not None
    assert "digit 2 of 2" in reading.reason


def two_strokes(*, apart: bool) -> Prepared:
    """Prepare two upright strokes, joined by a bar or a few pixels apart."""
    sheet = np.full((120, 160), 255, np.uint8)
    for x in (60, 73 if apart else 76):
        cv2.line(sheet, (x, 40), (x, 80), 0, 7)
    if not apart:
        cv2.line(sheet, (60, 60), (76, 60), 0, 5)
    return prepare(sheet)


class WidthModel:
    """Is sure of a crop as narrow as wanted, or as wide, and of no other."""

    def __init__(self, *, narrow: bool) -> None:
        self.card = card(0.85)
        self._narrow = narrow

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        widths = (crops.max(axis=1) > 127).sum(axis=1)
        rows = np.full((len(crops), 10), 0.1, np.float32)
        sure = widths < 7 if self._narrow else widths > 6
        rows[sure] = 0.0
        rows[sure, 1 if self._narrow else 4] = 1.0
        return rows


def test_touching_digits_are_cut_apart_where_each_reads_better_alone() -> None:
    picture = two_strokes(apart=False)
    assert len(picture.crops) == 1
    (reading,) = read([picture], WidthModel(narrow=True))
    assert reading.text == "11"
    left, right = (digit.box for digit in reading.digits)
    assert left.left + left.width <= right.left + 1
    assert all(digit.crop.shape == (28, 28) for digit in reading.digits)


def test_the_pieces_of_a_broken_digit_are_joined_where_they_read_better_together() -> None:
    picture = two_strokes(apart=True)
    assert len(picture.crops) == 2
    (reading,) = read([picture], WidthModel(narrow=False))
    assert reading.text == "4"
    assert reading.digits[0].box.width > 20


@pytest.mark.parametrize(("joint", "text"), [(0.5, "4"), (0.49, "11")])
def test_marks_that_together_look_like_one_digit_are_one_however_sure_each_is(joint: float, text: str) -> None:
    (reading,) = read([two_strokes(apart=True)], JointModel(joint))
    assert reading.text == text
    assert (reading.verdict is Verdict.ACCEPTED) is (text == "11")


class JointModel(WidthModel):
    """Is sure of narrow crops, and of a wide one so far."""

    def __init__(self, joint: float) -> None:
        super().__init__(narrow=True)
        self._joint = joint

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = super().probabilities(crops)
        wide = rows[:, 1] < 1
        rows[wide] = (1 - self._joint) / 9
        rows[wide, 4] = self._joint
        return rows


class SureModel:
    """Takes everything for a 1."""

    card = card(0.95)

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.tile(np.eye(10, dtype=np.float32)[1], (len(crops), 1))


def test_a_stroke_broken_across_is_no_number() -> None:
    sheet = np.full((120, 160), 255, np.uint8)
    cv2.line(sheet, (90, 20), (60, 100), 0, 7)
    cv2.line(sheet, (0, 58), (160, 58), 255, 8)
    picture = prepare(sheet)
    assert len(picture.crops) == 2
    (reading,) = read([picture], SureModel())
    assert (reading.text, reading.verdict) == ("1", Verdict.REVIEW)
    assert reading.digits[0].box.height > 80


def test_a_reading_found_by_cutting_is_less_sure_than_its_digits() -> None:
    model = WidthModel(narrow=True)
    model.card = card(0.95)
    (reading,) = read([two_strokes(apart=False)], model)
    assert reading.text == "11"
    assert reading.confidence == pytest.approx(0.9)
    assert reading.verdict is Verdict.REVIEW
    assert reading.reason == "the digits touch, or one is broken: read as 11"


def test_a_sure_reading_beside_a_stroke_that_was_left_out_goes_to_review() -> None:
    left_out = replace(picture(0, 0), left_out=True)
    (reading,) = read([left_out], TableModel({7: 1.0}, threshold=0.95))
    assert (reading.text, reading.verdict) == ("77", Verdict.REVIEW)
    assert reading.confidence == pytest.approx(0.9)
    assert reading.reason == "a stroke was left out that may be a 1: read as 77"


def test_a_sure_reading_is_not_cut() -> None:
    (reading,) = read([two_strokes(apart=False)], WidthModel(narrow=False))
    assert reading.text == "4"
    assert reading.verdict is Verdict.ACCEPTED


def test_a_prepared_picture_of_absurdly_many_marks_is_rejected() -> None:
    sheet = np.full((600, 600), 255, np.uint8)
    for y in range(20, 600, 50):
        for x in range(20, 600, 50):
            cv2.circle(sheet, (x, y), 12, 0, 3)
    prepared = prepare(sheet)
    assert len(prepared.marks) > MOST_DIGITS
    (reading,) = read([prepared], WidthModel(narrow=True))
    assert reading.verdict is Verdict.REJECTED
    assert reading.reason == "more than 64 separate marks"


def test_what_no_other_cut_makes_clearer_is_tried_once() -> None:
    calls: list[int] = []

    class Unsure(WidthModel):
        def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
            calls.append(len(crops))
            return np.full((len(crops), 10), 0.1, np.float32)

    read([two_strokes(apart=False)], Unsure(narrow=True))
    assert len(calls) == 3  # the first look, the second, and that at the halves


def test_a_picture_of_many_doubtful_marks_is_read_in_bounded_time() -> None:
    sheet = np.full((400, 400), 255, np.uint8)
    for y in range(20, 400, 50):
        for x in range(20, 400, 50):
            cv2.circle(sheet, (x, y), 12, 0, 3)
    calls: list[int] = []

    class Unsure(WidthModel):
        def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
            calls.append(len(crops))
            return np.full((len(crops), 10), 0.1, np.float32)

    (reading,) = read([prepare(sheet)], Unsure(narrow=True))
    assert reading.verdict is Verdict.REJECTED
    assert sum(calls) <= 9 * 64
