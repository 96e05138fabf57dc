"""Numbers, by both networks."""

import math

import numpy as np
import pytest

from recognizer.arrays import Cells, Gray
from recognizer.contract import NumberCard
from recognizer.preparation import prepare
from recognizer.reader import MOST_DIGITS, read
from recognizer.reading import Verdict
from recognizer.symbols import Symbol
from tests.unit.cells import Seen, cells_of
from tests.unit.networks import (
    DIGITS,
    HIGH,
    STRANGE,
    SURE,
    SURE_CELL,
    TOUCHING,
    WIDE,
    Marks,
    Networks,
    drawn,
    is_at,
    number_card,
    page,
    picture,
    read_one,
)


def confidence(probability: float, card: NumberCard) -> float:
    return 1 / (1 + math.exp(-(card.slope * math.log(probability / (1 - probability)) + card.offset)))


def test_a_number_that_both_networks_read_is_accepted() -> None:
    reading = read_one(picture(1, 3, 5), Networks())
    assert (reading.text, reading.written, reading.verdict) == ("135", "135", Verdict.ACCEPTED)
    assert reading.reason is None
    assert [digit.label for digit in reading.digits] == [1, 3, 5]
    assert [is_at(digit.box, 7 + 23 * place, WIDE) for place, digit in enumerate(reading.digits)] == [True] * 3


def test_the_crops_of_a_number_show_one_digit_each() -> None:
    prepared = picture(1, 3, 5)
    for digit in read_one(prepared, Networks()).digits:
        alone = picture(digit.label).single
        assert alone is not None
        assert np.abs(digit.crop.astype(int) - alone.crop).mean() < 2


def test_leading_zeros_are_kept() -> None:
    assert read_one(picture(0, 0, 1, 0), Networks()).text == "0010"


def test_signs_and_gaps_are_written_and_are_no_digits() -> None:
    reading = read_one(picture("-", 1, 2, ".", 5, " ", 3), Networks())
    assert (reading.text, reading.written, reading.verdict) == ("1253", "-12.5 3", Verdict.ACCEPTED)
    assert len(reading.digits) == 4


def test_two_rows_are_read_from_the_top() -> None:
    reading = read_one(prepare(np.vstack([drawn(1, 3), drawn(5, 1)])), Networks())
    assert (reading.text, reading.written, reading.verdict) == ("1351", "13 51", Verdict.ACCEPTED)


def test_the_probability_of_a_number_is_that_of_all_its_marks() -> None:
    reading = read_one(picture(1, 3, 3), Networks(cells={1: [(1, 0.95)], 3: [(3, 0.9)]}))
    assert reading.confidence == pytest.approx(0.95 * 0.9 * 0.9, abs=1e-3)
    assert [digit.confidence for digit in reading.digits] == pytest.approx([0.95, 0.9, 0.9])


def test_a_sign_that_is_not_sure_makes_the_number_less_sure() -> None:
    model = Networks()
    plain, signed = read([picture(1, 3), picture(1, ".", 3)], model)
    assert signed.confidence < plain.confidence


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (1.0, 3.0), (2.0, 1.0), (0.5, -1.0), (0.0, -2.0)])
def test_calibration_is_by_the_card_s_slope_and_offset(slope: float, offset: float) -> None:
    card = number_card(slope=slope, offset=offset)
    reading = read_one(picture(1, 3), Networks(cells={1: [(1, 0.8)], 3: [(3, 0.9)]}, numbers=card))
    assert reading.confidence == pytest.approx(confidence(0.72, card), abs=1e-3)
    assert (reading.verdict is Verdict.ACCEPTED) is (confidence(0.72, card) >= 0.9)


def test_a_number_is_held_against_the_number_reader_s_threshold_and_not_the_digits() -> None:
    doubtful: dict[int, Marks] = {3: [(3, 0.95)]}
    assert read_one(picture(1, 3), Networks(cells=doubtful, threshold=1.0)).verdict is Verdict.ACCEPTED
    strict = number_card(threshold=0.97)
    assert read_one(picture(1, 3), Networks(cells=doubtful, numbers=strict, threshold=0.1)).verdict is Verdict.REVIEW


def test_a_digit_of_a_number_carries_the_probabilities_of_the_ten_labels_alone() -> None:
    reading = read_one(picture(1, 3), Networks(cells={3: [(3, 0.75)]}))
    for digit in reading.digits:
        assert len(digit.probabilities) == 10
        assert sum(digit.probabilities) == pytest.approx(1.0)
    assert reading.digits[1].confidence == pytest.approx(0.75)


def test_a_doubtful_number_goes_to_review_and_names_its_weakest_digit() -> None:
    reading = read_one(picture(1, 3, 5), Networks(cells={3: [(3, 0.75)]}))
    assert (reading.text, reading.written, reading.verdict) == ("135", "135", Verdict.REVIEW)
    assert reading.reason == "not sure: 3 or no digit (digit 2 of 3)"


def test_a_digit_that_the_digit_network_takes_for_another_sends_the_number_to_review() -> None:
    reading = read_one(picture(1, 3, 5), Networks({3: {5: 0.8, 3: 0.2}}))
    assert (reading.text, reading.written, reading.verdict) == ("135", "135", Verdict.REVIEW)
    assert reading.reason == "not sure: 3 or 5 (digit 2 of 3)"
    assert reading.confidence == pytest.approx(0.2)


def test_of_several_digits_that_are_taken_for_others_the_first_is_named() -> None:
    reading = read_one(picture(1, 3, 5), Networks({3: {7: SURE}, 5: {6: SURE}}))
    assert reading.reason == "not sure: 3 or 7 (digit 2 of 3)"


def test_the_digit_network_is_asked_for_all_numbers_together_and_only_for_what_would_be_accepted() -> None:
    model = Networks(cells={5: [(5, 0.75)]})
    read([picture(1, 3), picture(5, 5), picture(1, 1, 1)], model)
    assert model.calls == [5]


def test_the_digit_network_is_not_asked_for_digits_that_touch() -> None:
    """Their crops hold other ink too."""
    model = Networks(cells=TOUCHING)
    reading = read_one(picture(3, 0, "+", 0), model)
    assert (reading.text, reading.verdict) == ("300", Verdict.ACCEPTED)
    assert model.calls == [1]


def test_a_mark_beside_a_number_that_is_no_digit_sends_it_to_review() -> None:
    reading = read_one(picture(1, 3, STRANGE), Networks(cells={STRANGE: [(int(Symbol.OTHER), SURE_CELL)]}))
    assert (reading.text, reading.written, reading.verdict) == ("13", "13", Verdict.REVIEW)
    assert reading.reason == "something beside the digits is no digit: read as 13"
    assert reading.confidence < 0.9


def test_a_mark_too_small_for_a_digit_is_no_trouble() -> None:
    reading = read_one(picture(1, ".", 3), Networks(signs={".": Symbol.OTHER}))
    assert (reading.text, reading.written, reading.verdict) == ("13", "13", Verdict.ACCEPTED)


@pytest.mark.parametrize("pieces", [(1, 3, STRANGE), (STRANGE, 1, 3), (1, STRANGE, 3)])
def test_ink_of_a_digit_s_size_that_was_not_read_sends_the_number_to_review(pieces: tuple[int, ...]) -> None:
    reading = read_one(picture(*pieces), Networks())
    assert (reading.text, reading.verdict) == ("13", Verdict.REVIEW)
    assert reading.reason == f"ink beside the digits was not read: read as {reading.written}"
    assert reading.confidence < 0.9


def test_a_line_or_a_speck_that_was_not_read_is_no_trouble() -> None:
    sheet = np.pad(drawn(1, 3, 5), ((0, 16), (0, 0)), constant_values=255)
    sheet[40:42, 2:-2] = 0
    sheet[2:4, 16:18] = 0
    underlined = Networks(signs={".": Symbol.NOTHING, "-": Symbol.NOTHING})
    assert read_one(prepare(sheet), underlined).verdict is Verdict.ACCEPTED


class Ghosts(Networks):
    """Sees a 7 amid the canvas too, where there is no ink."""

    def cells(self, picture: Gray) -> Cells:
        height, width = picture.shape
        ghost = cells_of([Seen(7, width / 2, height / 2, 10, HIGH, SURE_CELL)], picture.shape)
        seen = super().cells(picture)
        return np.where(ghost[..., 7:8] > seen[..., 7:8], ghost, seen)


def test_a_digit_that_is_seen_where_there_is_no_ink_has_an_empty_crop() -> None:
    reading = read_one(picture(1, " ", 3), Ghosts())
    assert [digit.label for digit in reading.digits] == [1, 7, 3]
    assert [int(digit.crop.max()) > 0 for digit in reading.digits] == [True, False, True]


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [((STRANGE, STRANGE), "no digit found"), (("-", "-"), "nothing in it looks like a digit")],
)
def test_a_picture_in_which_no_digit_is_seen_is_rejected(pieces: tuple[int | str, ...], reason: str) -> None:
    reading = read_one(picture(*pieces), Networks())
    assert (reading.text, reading.written, reading.digits) == ("", "", ())
    assert (reading.verdict, reading.reason) == (Verdict.REJECTED, reason)


def test_a_number_of_which_no_digit_looks_like_one_is_rejected_and_can_still_be_explained() -> None:
    reading = read_one(picture(1, 3), Networks(cells={1: [(1, 0.1)], 3: [(3, 0.1)]}))
    assert (reading.text, reading.written, reading.verdict) == ("", "", Verdict.REJECTED)
    assert reading.reason == "nothing in it looks like a digit"
    assert len(reading.digits) == 2


def test_a_number_of_which_one_digit_looks_like_none_goes_to_review() -> None:
    reading = read_one(picture(1, 3), Networks(cells={3: [(3, 0.1)]}))
    assert reading.verdict is Verdict.REVIEW
    assert reading.reason is not None
    assert "digit 2 of 2" in reading.reason


def test_a_picture_of_as_many_digits_as_there_may_be_is_read() -> None:
    reading = read_one(page(4, *[1] * 16), Networks())
    assert (reading.text, reading.verdict) == ("1" * MOST_DIGITS, Verdict.ACCEPTED)
    assert len(reading.digits) == MOST_DIGITS


def test_a_picture_of_absurdly_many_digits_is_rejected() -> None:
    model = Networks()
    reading = read_one(page(5, *[1] * 13), model)
    assert (reading.text, reading.written, reading.digits) == ("", "", ())
    assert (reading.verdict, reading.reason) == (Verdict.REJECTED, "more than 64 digits")
    assert model.calls == []


def test_a_picture_is_looked_at_a_few_times_at_most_however_doubtful() -> None:
    model = Networks(cells={label: [(label, 0.3)] for label in DIGITS})
    assert read_one(page(4, *[1] * 16), model).verdict is not Verdict.ACCEPTED
    assert len(model.looks) <= 8
    assert sum(model.calls) == 0
