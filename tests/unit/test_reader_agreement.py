"""One clean mark, by both networks: where they agree, and where they do not."""

import pytest

from recognizer.reading import Verdict
from recognizer.symbols import Symbol
from tests.unit.networks import (
    JOINED,
    SURE,
    SURE_CELL,
    TOUCHING,
    Marks,
    Networks,
    contract_picture,
    is_at,
    picture,
    read_one,
)


def test_a_digit_that_both_networks_read_is_accepted() -> None:
    reading = read_one(picture(3), Networks())
    assert (reading.text, reading.written, reading.verdict) == ("3", "3", Verdict.ACCEPTED)
    assert reading.confidence == pytest.approx(SURE)


def test_the_number_network_looks_once_at_a_digit_on_which_both_agree_and_again_where_they_do_not() -> None:
    agreed, apart = Networks(cells={3: [(3, 0.8)]}), Networks(cells={3: [(5, 0.8)]})
    read_one(picture(3), agreed)
    read_one(picture(3), apart)
    assert len(agreed.looks) == 1
    assert len(apart.looks) > 1


def test_a_picture_that_follows_the_contract_is_the_digit_network_s_alone() -> None:
    model = Networks(cells={0: []})
    reading = read_one(contract_picture(), model)
    assert (reading.text, reading.verdict) == ("0", Verdict.ACCEPTED)
    assert model.looks == []


@pytest.mark.parametrize("sure", [0.95, 0.99, 0.999])
def test_a_digit_that_the_number_network_takes_for_another_goes_to_review_naming_both(sure: float) -> None:
    reading = read_one(picture(3), Networks({3: {3: sure, 5: 1 - sure}}, {3: [(5, SURE_CELL)]}))
    assert reading.text in {"3", "5"}
    assert reading.written == reading.text
    assert reading.verdict is Verdict.REVIEW
    assert reading.reason == "not sure: 3 or 5"
    assert reading.confidence < 0.1


@pytest.mark.parametrize("seen", [[], [(int(Symbol.DASH), SURE_CELL)], [(int(Symbol.OTHER), SURE_CELL)]])
def test_a_digit_in_which_the_number_network_sees_none_goes_to_review(seen: Marks) -> None:
    reading = read_one(picture(3), Networks(cells={3: seen}))
    assert (reading.text, reading.verdict) == ("3", Verdict.REVIEW)
    assert reading.reason is not None
    assert "no digit" in reading.reason
    assert reading.confidence <= 0.5


def test_a_digit_beside_which_the_number_network_sees_another_mark_goes_to_review() -> None:
    other = [(4, SURE_CELL), (int(Symbol.OTHER), SURE_CELL)]
    reading = read_one(picture(0, "+", 0), Networks({JOINED: {4: SURE}}, {JOINED: other}))
    assert (reading.text, reading.verdict) == ("4", Verdict.REVIEW)
    assert reading.confidence <= 0.5


def test_nobody_is_told_to_choose_between_a_digit_and_itself() -> None:
    other = [(4, SURE_CELL), (int(Symbol.OTHER), SURE_CELL)]
    reading = read_one(picture(0, "+", 0), Networks({JOINED: {4: SURE}}, {JOINED: other}))
    assert reading.reason is not None
    assert "4 or 4" not in reading.reason


def test_a_doubtful_digit_stays_doubtful_if_the_number_network_reads_the_same() -> None:
    reading = read_one(picture(3), Networks({3: {3: 0.6, 5: 0.4}}))
    assert (reading.text, reading.verdict) == ("3", Verdict.REVIEW)
    assert reading.confidence == pytest.approx(0.6)
    assert reading.reason == "not sure: 3 or 5"


def test_digits_that_touch_are_a_number_where_the_number_network_is_surer_of_it() -> None:
    reading = read_one(picture(0, "+", 0), Networks({JOINED: {4: 0.6, 9: 0.4}}, TOUCHING))
    assert (reading.text, reading.written, reading.verdict) == ("00", "00", Verdict.ACCEPTED)
    first, second = reading.digits
    assert is_at(first.box, 7, 19)
    assert is_at(second.box, 26, 19)
    assert all(digit.crop.shape == (28, 28) and digit.crop.max() > 200 for digit in reading.digits)


def test_digits_that_touch_go_to_review_where_the_digit_network_is_surer_of_one() -> None:
    reading = read_one(picture(0, "+", 0), Networks({JOINED: {4: 0.9999}}, TOUCHING))
    assert (reading.text, reading.verdict) == ("4", Verdict.REVIEW)
    assert reading.reason == "not sure: 4 or 00"
    assert reading.confidence <= 0.5
