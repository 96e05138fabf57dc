"""From prepared pictures to readings, with two networks that know a block of ink by its width."""

import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.arrays import Cells, Crops, Gray, Probabilities
from recognizer.contract import Card, NumberCard
from recognizer.errors import UnreadableImage
from recognizer.opencv import cv2
from recognizer.preparation import Prepared, prepare
from recognizer.reader import MOST_DIGITS, prepare_file, read
from recognizer.reading import Box, Reading, Verdict
from recognizer.symbols import Symbol
from tests.unit.cells import Seen, blots, cells_of

#: What the number network sees in a block, from the left: class and probability of each mark.
Marks = Sequence[tuple[int, float]]

#: Pixels of a drawn row, from its top to a block, of a block, and between two blocks.
ROW, TOP, HIGH, WIDE, GAP = 32, 5, 21, 15, 8
#: A block has that many holes; these are read as digits, and what two blocks with a bar between them are called here.
DIGITS, JOINED = range(6), 9
#: A block that is no digit, to both networks.
STRANGE = 6
#: Strength from which a pixel is ink.
INK = 110
#: How sure the digit network and the number network are unless a test says otherwise.
SURE, SURE_CELL = 0.99, 0.999


def drawn(*pieces: int | str) -> Gray:
    """Draw blocks with such numbers of holes; `.` is a point, `-` a dash, a space a wide gap, `+` joins two blocks."""
    row = np.full((ROW, 600), 255, np.uint8)
    x = 7
    for piece in pieces:
        if piece == " ":
            x += 30
        elif piece == "+":
            row[TOP + 9 : TOP + 12, x - GAP : x] = 0
        elif isinstance(piece, int):
            row[TOP : TOP + HIGH, x : x + WIDE] = 0
            for hole in range(piece):
                left, top = x + 3 + 6 * (hole % 2), TOP + 3 + 6 * (hole // 2)
                row[top : top + 3, left : left + 3] = 255
            x += WIDE + GAP
        else:
            top, bottom, width = {".": (22, 26, 4), "-": (14, 17, 8)}[piece]
            row[top:bottom, x : x + width] = 0
            x += width + GAP
    return row[:, : 4 * math.ceil((x - GAP + 4) / 4)]


def picture(*pieces: int | str) -> Prepared:
    return prepare(drawn(*pieces))


def page(rows: int, *pieces: int | str) -> Prepared:
    return prepare(np.vstack([drawn(*pieces)] * rows))


def contract_picture() -> Prepared:
    ink = np.zeros((28, 28), np.uint8)
    ink[4:24, 12:16] = 255
    return prepare(ink)


def holes(ink: NDArray[np.bool_]) -> int:
    """Count what a blot encloses."""
    around = np.pad(~ink, 1, constant_values=True).astype(np.uint8)
    return int(cv2.connectedComponents(around, connectivity=4)[0]) - 2


def number_card(*, slope: float = 1.0, offset: float = 0.0, threshold: float = 0.9) -> NumberCard:
    return NumberCard("none", 0, 0, 0, 0.0, 1.0, 1.0, slope, offset, threshold)


NUMBERS = number_card()


class Networks:
    """Knows a block by its holes; what it is told of a kind of block replaces what it would say of it."""

    def __init__(
        self,
        crops: dict[int, dict[int, float]] | None = None,
        cells: dict[int, Marks] | None = None,
        *,
        signs: dict[str, int] | None = None,
        numbers: NumberCard | None = NUMBERS,
        threshold: float = 0.9,
    ) -> None:
        self.card = Card(1, "fake", "", 0, 0, 0, 1.0, 1.0, threshold, 0.2, "", 0.0, {}, numbers=numbers)
        self.calls: list[int] = []
        self.looks: list[tuple[int, ...]] = []
        self._crops = {label: {label: SURE, label + 1: 1 - SURE} for label in DIGITS} | (crops or {})
        self._cells: dict[int, Marks] = {label: [(label, SURE_CELL)] for label in DIGITS}
        self._cells |= cells or {}
        self._signs = {".": int(Symbol.POINT), "-": int(Symbol.DASH)} | (signs or {})

    def probabilities(self, crops: Crops) -> Probabilities:
        assert crops.shape[1:] == (28, 28)
        assert len(crops)
        self.calls.append(len(crops))
        rows = np.zeros((len(crops), 10), np.float32)
        for row, crop in zip(rows, crops, strict=True):
            for label, probability in self._crops.get(self._kind(crop), dict.fromkeys(range(10), 0.1)).items():
                row[label] = probability
        return rows

    def cells(self, picture: Gray) -> Cells:
        assert self.card.numbers is not None
        self.looks.append(picture.shape)
        return cells_of([mark for blot in blots(picture) for mark in self._seen(picture, *blot)], picture.shape)

    @staticmethod
    def _kind(picture: Gray) -> int:
        ink = picture > INK
        _, _, width, height = cv2.boundingRect(ink.astype(np.uint8))
        return JOINED if width > 1.3 * height else holes(ink)

    def _seen(self, picture: Gray, left: int, top: int, width: int, height: int) -> list[Seen]:
        y = top + height / 2
        if height < HIGH / 2:
            symbol = self._signs["-" if width > 1.5 * height else "."]
            return [Seen(symbol, left + width / 2, y, width, height, SURE_CELL)]
        marks = self._cells.get(self._kind(picture[top : top + height, left : left + width]), [])
        step = width / max(len(marks), 1)
        return [
            Seen(symbol, left + step * (place + 0.5), y, step, height, probability, rivals(symbol, probability))
            for place, (symbol, probability) in enumerate(marks)
        ]


def rivals(symbol: int, probability: float) -> tuple[int, ...]:
    """Name what else a mark may be: none, or any digit where it is hardly probable."""
    return (Symbol.NOTHING,) if probability > 0.1 else tuple(one for one in range(10) if one != symbol)


def confidence(probability: float, card: NumberCard) -> float:
    return 1 / (1 + math.exp(-(card.slope * math.log(probability / (1 - probability)) + card.offset)))


def is_at(box: Box, left: int, width: int) -> bool:
    """Tell whether a box is where a block or a part of it was drawn, to the pixel."""
    found, drawn = (box.left, box.top, box.width, box.height), (left, TOP, width, HIGH)
    return all(abs(side - wanted) <= 1 for side, wanted in zip(found, drawn, strict=True))


def read_one(prepared: Prepared, model: Networks) -> Reading:
    (reading,) = read([prepared], model)
    return reading


# One clean mark, by a model that reads single digits only.


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


# One clean mark, by both networks.


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


TOUCHING: dict[int, Marks] = {JOINED: [(0, SURE_CELL), (0, SURE_CELL)]}


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


# Numbers.


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


# All of it.


def some_networks(rng: np.random.Generator) -> Networks:
    """Make two networks that often disagree, or see what is not there."""
    agreed = [label for label in DIGITS if rng.random() < 0.5]
    anything = [*range(10), *range(10), *range(Symbol.POINT, Symbol.NOTHING)]
    crops, cells = dict[int, dict[int, float]](), dict[int, Marks]()
    for label in set(DIGITS) - set(agreed):
        sure = float(rng.choice([0.5, 0.97, 0.999]))
        crops[label] = dict.fromkeys(range(10), (1 - sure) / 9) | {int(rng.integers(10)): sure}
        count = int(rng.choice([0, 1, 1, 1, 2]))
        cells[label] = [(int(rng.choice(anything)), float(rng.choice([0.1, 0.5, 0.97])))] * count
    return Networks(crops, cells)


def some_pictures(rng: np.random.Generator) -> list[Prepared]:
    pieces: list[int | str] = [*DIGITS, *DIGITS, STRANGE, ".", "-", " "]
    chosen = [[pieces[place] for place in rng.integers(len(pieces), size=rng.integers(0, 5))] for _ in range(8)]
    return [*(picture(int(rng.integers(6)), *row) for row in chosen), contract_picture()]


def test_pictures_read_together_give_what_each_gives_alone() -> None:
    verdicts = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        pictures, model = some_pictures(rng), some_networks(rng)
        together = read(pictures, model)
        alone = [read_one(one, model) for one in pictures]
        assert together == alone
        for one, other in zip(together, alone, strict=True):
            assert all(np.array_equal(a.crop, b.crop) for a, b in zip(one.digits, other.digits, strict=True))
        assert together[::-1] == read(pictures[::-1], model)
        verdicts |= {reading.verdict for reading in together}
    assert verdicts == set(Verdict)


def test_every_reading_keeps_what_a_reading_promises() -> None:
    verdicts = set()
    for seed in range(100, 120):
        rng = np.random.default_rng(seed)
        for reading in read(some_pictures(rng), some_networks(rng)):
            verdicts.add(reading.verdict)
            assert 0 <= reading.confidence <= 1
            assert (reading.reason is None) is (reading.verdict is Verdict.ACCEPTED)
            if reading.verdict is Verdict.REJECTED:
                assert (reading.text, reading.written) == ("", "")
                continue
            assert len(reading.text) >= 1
            assert reading.text == "".join(str(digit.label) for digit in reading.digits)
            assert reading.text == "".join(character for character in reading.written if character.isdigit())
            assert (reading.verdict is Verdict.REVIEW) or reading.confidence >= 0.9
    assert verdicts == set(Verdict)


@pytest.mark.parametrize("pieces", [(3,), (1, 3)])
def test_values_are_plain_python(pieces: tuple[int, ...]) -> None:
    for model in (Networks(), Networks(cells={3: [(5, SURE_CELL)]})):
        reading = read_one(picture(*pieces), model)
        digit = reading.digits[-1]
        values = (reading.confidence, digit.label, digit.confidence, digit.probabilities[0], digit.box.left)
        assert [type(value) for value in values] == [float, int, float, float, int]


# From a file.


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
