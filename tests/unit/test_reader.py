"""From prepared pictures to readings: one clean mark, by a model that reads single digits only; and from a file."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.contract import NumberCard
from recognizer.errors import UnreadableImage
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from recognizer.reader import FIRST_PAGE, prepare_file, read
from recognizer.reading import Box, Verdict
from tests.unit.encoded import GRAY, tiff_pages
from tests.unit.networks import NUMBERS, STRANGE, SURE_CELL, WIDE, Networks, is_at, picture, read_one


def test_a_sure_digit_is_accepted() -> None:
    reading = read_one(picture(3), Networks({3: {7: 0.95, 1: 0.05}}, numbers=None))
    assert (reading.text, reading.written) == ("7", "7")
    assert reading.confidence == pytest.approx(0.95)
    assert reading.verdict is Verdict.ACCEPTED
    assert reading.reason is None


def test_a_digit_carries_its_ten_probabilities_its_box_and_its_crop() -> None:
    prepared = picture(3)
    (digit,) = read_one(prepared, Networks({3: {7: 0.95, 1: 0.05}}, numbers=None)).digits
    assert digit.label == 7
    assert digit.probabilities == pytest.approx((0, 0.05, 0, 0, 0, 0, 0, 0.95, 0, 0))
    assert is_at(digit.box, 7, WIDE)
    assert prepared.single is not None
    assert np.array_equal(digit.crop, prepared.single.crop)


def test_the_threshold_itself_is_accepted() -> None:
    model = Networks({3: {7: 0.5, 1: 0.5}}, numbers=None, threshold=0.5)
    assert read_one(picture(3), model).verdict is Verdict.ACCEPTED


def test_a_doubtful_digit_goes_to_review_and_names_the_candidates() -> None:
    reading = read_one(picture(3), Networks({3: {4: 0.6, 9: 0.4}}, numbers=None))
    assert (reading.text, reading.written) == ("4", "4")
    assert reading.verdict is Verdict.REVIEW
    assert reading.reason == "not sure: 4 or 9"


def test_doubt_without_a_rival_is_doubt_that_it_is_a_digit() -> None:
    rest = dict.fromkeys(range(10), 0.03)
    reading = read_one(picture(3), Networks({3: rest | {3: 0.73}}, numbers=None))
    assert reading.reason == "not sure: 3 or no digit"


@pytest.mark.parametrize("numbers", [None, NUMBERS])
def test_what_looks_like_no_digit_is_rejected_and_can_still_be_explained(numbers: NumberCard | None) -> None:
    reading = read_one(picture(STRANGE), Networks(numbers=numbers))
    assert (reading.verdict, reading.text, reading.written) == (Verdict.REJECTED, "", "")
    assert reading.reason == "nothing in it looks like a digit"
    assert len(reading.digits) == 1


@pytest.mark.parametrize("numbers", [None, NUMBERS])
def test_a_picture_without_ink_is_rejected_unread(numbers: NumberCard | None) -> None:
    model = Networks(numbers=numbers)
    reading = read_one(prepare(np.full((100, 100), 255, np.uint8)), model)
    assert (reading.text, reading.written, reading.confidence, reading.digits) == ("", "", 0.0, ())
    assert (reading.verdict, reading.reason) == (Verdict.REJECTED, "no digit found")
    assert (model.calls, model.looks) == ([], [])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Networks(numbers=None), "only the first page was read"),
        (Networks({3: {4: 0.6, 9: 0.4}}, numbers=None), "only the first page was read; not sure: 4 or 9"),
    ],
)
def test_a_file_of_several_pages_goes_to_review(model: Networks, reason: str) -> None:
    reading = read_one(replace(picture(3), caveat=FIRST_PAGE), model)
    assert (reading.verdict, reading.reason) == (Verdict.REVIEW, reason)
    assert reading.text
    assert reading.confidence <= 0.5


def test_a_blank_first_page_is_not_the_whole_file() -> None:
    reading = read_one(replace(prepare(np.full((50, 50), 255, np.uint8)), caveat=FIRST_PAGE), Networks())
    assert (reading.text, reading.verdict) == ("", Verdict.REVIEW)
    assert reading.reason == "only the first page was read; no digit found"


def test_a_file_s_further_pages_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "pages.tif").write_bytes(tiff_pages(GRAY, GRAY))
    assert prepare_file(os.fsencode(tmp_path / "pages.tif")).prepared.caveat == FIRST_PAGE


def test_a_model_without_a_number_reader_reads_single_digits_and_leaves_all_else_to_people() -> None:
    model = Networks(numbers=None)
    single, several = read([picture(3), picture(3, 4)], model)
    assert (single.text, single.verdict) == ("3", Verdict.ACCEPTED)
    assert (several.text, several.written, several.verdict) == ("", "", Verdict.REVIEW)
    assert several.reason == "several marks, and this model reads single digits only"
    assert several.reason
    assert model.looks == []


def test_all_single_digits_are_read_in_one_call_and_in_their_order() -> None:
    model = Networks(numbers=None)
    readings = read([picture(3), prepare(np.zeros((50, 50), np.uint8)), picture(1), picture(5)], model)
    assert [reading.text for reading in readings] == ["3", "", "1", "5"]
    assert model.calls == [3]


def test_a_doubtful_digit_is_looked_at_again_and_a_sure_one_is_not() -> None:
    model = Networks({3: {4: 0.6, 9: 0.4}}, numbers=None)
    read([picture(1), picture(3), picture(4)], model)
    assert model.calls == [3, 8]


def test_nothing_to_read_does_not_call_the_model() -> None:
    model = Networks()
    assert read([], model) == []
    assert (model.calls, model.looks) == ([], [])


@pytest.mark.parametrize("pieces", [(3,), (1, 3)])
def test_values_are_plain_python(pieces: tuple[int, ...]) -> None:
    for model in (Networks(), Networks(cells={3: [(5, SURE_CELL)]})):
        reading = read_one(picture(*pieces), model)
        digit = reading.digits[-1]
        values = (reading.confidence, digit.label, digit.confidence, digit.probabilities[0], digit.box.left)
        assert [type(value) for value in values] == [float, int, float, float, int]


def test_a_file_is_prepared_with_its_identity(tmp_path: Path) -> None:
    sheet = np.full((100, 100), 255, np.uint8)
    cv2.line(sheet, (50, 20), (50, 80), 0, 6)
    data = cv2.imencode(".png", sheet)[1].tobytes()
    (tmp_path / "one.png").write_bytes(data)
    os.utime(tmp_path / "one.png", ns=(1, 2_000_000_001))
    file = prepare_file(os.fsencode(tmp_path / "one.png"))
    assert (file.size, file.mtime_ns, file.digest) == (len(data), 2_000_000_001, hashlib.sha256(data).hexdigest())
    assert file.prepared.single is not None
    assert file.prepared.single.box == Box(47, 17, 7, 67)


def test_an_unreadable_file_raises_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"^vanished$"):
        prepare_file(os.fsencode(tmp_path / "gone.png"))
