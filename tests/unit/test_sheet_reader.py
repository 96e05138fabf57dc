"""From a sheet to the numbers on it, at the scale that fits."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from recognizer.arrays import Cells, Gray
from recognizer.components import Component
from recognizer.marks import USUAL_HEIGHT
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from recognizer.sheet import Sheet
from recognizer.sheet_reader import SheetReading, read_sheet
from recognizer.symbols import Symbol
from tests.unit.cells import Seen, blots, cells_of

#: Says what a blot of such a height on the canvas is taken for: class and probability.
Taken = Callable[[int], tuple[int, float]]


class Looks:
    """Sees a mark in every blot, takes it for what its height on the canvas tells, and notes the heights."""

    def __init__(self, taken: Taken = lambda _: (1, 0.99)) -> None:
        self.heights: list[list[int]] = []
        self._taken = taken

    def __call__(self, picture: Gray) -> Cells:
        found = blots(picture)
        self.heights.append([height for _, _, _, height in found])
        seen = []
        for left, top, width, height in found:
            symbol, probability = self._taken(height)
            seen.append(Seen(symbol, left + width / 2, top + height / 2, width, height, probability))
        return cells_of(seen, picture.shape)


def sheet_of(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Sheet:
    """Prepare a white picture with black boxes: left, top, width, height."""
    picture = np.full(shape, 255, np.uint8)
    for left, top, width, height in boxes:
        picture[top : top + height, left : left + width] = 0
    sheet = prepare(picture).sheet
    assert sheet is not None
    return sheet


def ones(height: int, count: int = 3) -> Sheet:
    """Draw upright strokes of a height."""
    boxes = [(height * (1 + place), height, max(2, height // 5), height) for place in range(count)]
    return sheet_of((3 * height, (count + 2) * height), *boxes)


def reading(probability: float) -> SheetReading:
    return SheetReading((), probability, unexplained=False)


@pytest.mark.parametrize("height", [10, 21, 50, 120, 400])
def test_digits_of_any_height_are_shown_to_the_network_as_it_knows_them(height: int) -> None:
    looks = Looks()
    found = read_sheet(ones(height), looks)
    assert found.text == "111"
    assert all(0.7 * USUAL_HEIGHT <= shown <= 1.35 * USUAL_HEIGHT for seen in looks.heights for shown in seen)


@pytest.mark.parametrize("height", [10, 21, 50, 120])
def test_marks_are_where_the_ink_is_on_the_sheet(height: int) -> None:
    sheet = ones(height)
    within = 1 + height / USUAL_HEIGHT
    for mark, component in zip(
        read_sheet(sheet, Looks()).marks, sorted(sheet.components, key=lambda one: one.left), strict=True
    ):
        assert mark.bounds == pytest.approx(
            (component.left, component.top, component.right, component.bottom), abs=within
        )


def test_digits_that_turn_out_too_small_are_looked_at_more_closely() -> None:
    """Here one blot is so large that it tells the likely scale."""
    blot = (30, 10, 60, 180)
    sheet = sheet_of((200, 500), blot, *[(220 + 40 * place, 80, 8, 40) for place in range(5)])
    looks = Looks(lambda height: (1, 0.99) if height < 60 else (int(Symbol.OTHER), 0.99))
    found = read_sheet(sheet, looks)
    assert max(min(seen) for seen in looks.heights) >= 16
    assert found.text == "11111"


def test_a_sheet_that_is_hardly_read_is_looked_at_larger_and_smaller() -> None:
    looks = Looks(lambda height: (1, 0.98) if height > 28 else (7, 0.4))
    assert read_sheet(ones(50), looks).text == "111"
    shown = [seen[0] for seen in looks.heights]
    assert min(shown) < 16
    assert max(shown) > 28


def test_what_most_looks_say_is_the_reading() -> None:
    assert read_sheet(ones(50), Looks(lambda height: (7, 0.9) if height > 23 else (1, 0.9))).text == "111"
    assert read_sheet(ones(50), Looks(lambda height: (7, 0.9) if height > 18 else (1, 0.9))).text == "777"


def test_one_look_is_enough_if_it_is_sure() -> None:
    looks = Looks(lambda _: (1, 0.999))
    found = read_sheet(ones(50), looks)
    assert (found.text, len(looks.heights)) == ("111", 1)
    assert found.probability == pytest.approx(0.999**3, abs=1e-3)


def test_more_looks_follow_one_that_is_not_sure() -> None:
    looks = Looks(lambda _: (1, 0.95))
    found = read_sheet(ones(50), looks)
    assert (found.text, len(looks.heights)) == ("111", 5)
    assert found.probability == pytest.approx(0.95**3, abs=1e-3)


def test_one_look_is_enough_where_no_more_are_asked_for() -> None:
    looks = Looks(lambda _: (1, 0.95))
    found = read_sheet(ones(50), looks, once=True)
    assert (found.text, len(looks.heights)) == ("111", 1)


def test_a_large_page_gets_no_further_looks_and_is_as_unsure_as_if_they_said_something_else() -> None:
    boxes = [(60 * column, 80 * row, 8, 40) for row in range(1, 11) for column in range(1, 17)]
    looks = Looks(lambda _: (1, 0.9999))
    found = read_sheet(sheet_of((960, 1080), *boxes), looks)
    assert (len(found.text), len(looks.heights), found.probability > 0.97) == (160, 1, True)
    looks = Looks(lambda _: (1, 0.999))
    found = read_sheet(sheet_of((960, 1080), *boxes), looks)
    assert (len(found.text), len(looks.heights)) == (160, 1)
    assert found.probability <= 0.2


def test_a_look_that_is_sure_counts_more_than_two_that_are_not() -> None:
    assert read_sheet(ones(50), Looks(lambda height: (7, 0.999) if height > 23 else (1, 0.75))).text == "777"


def test_looks_that_do_not_agree_make_the_reading_less_sure() -> None:
    same = read_sheet(ones(50), Looks(lambda _: (1, 0.95)))
    apart = read_sheet(ones(50), Looks(lambda height: (7, 0.95) if height > 23 else (1, 0.95)))
    assert same.probability == pytest.approx(0.95**3, abs=1e-3)
    assert apart.probability < 0.7 * same.probability


def test_a_sheet_on_which_nothing_is_seen_says_nothing() -> None:
    found = read_sheet(ones(50), Looks(lambda _: (int(Symbol.NOTHING), 0.999)))
    assert (found.marks, found.text, found.written) == ([], "", "")
    assert found.probability == 0.0
    assert not found.unexplained


def test_marks_that_are_no_digits_count_as_others_only_if_as_large_as_digits() -> None:
    boxes = [(50, 50, 10, 50), (100, 50, 10, 50)]
    taken: Taken = lambda height: (1, 0.99) if height > 14 else (int(Symbol.OTHER), 0.99)  # noqa: E731 - one line
    assert read_sheet(sheet_of((150, 250), *boxes, (140, 80, 10, 10)), Looks(taken)).others == []
    large = read_sheet(sheet_of((150, 250), *boxes, (140, 72, 10, 28)), Looks(taken))
    assert len(large.others) == 1
    assert large.text == "11"


@pytest.mark.parametrize(
    ("box", "unexplained"),
    [
        ((150, 50, 10, 50), True),
        ((150, 60, 10, 32), True),
        ((150, 90, 6, 6), False),
        ((20, 110, 200, 4), False),
        ((215, 10, 4, 130), False),
    ],
    ids=["digit", "lower digit", "point", "underline", "printed line"],
)
def test_ink_that_no_mark_explains_is_told_if_it_may_be_a_digit(
    box: tuple[int, int, int, int], *, unexplained: bool
) -> None:
    sheet = sheet_of((150, 250), (50, 50, 12, 50), (100, 50, 12, 50), box)

    def look(picture: Gray) -> Cells:
        """See the first two blots only, which are the digits."""
        digits = sorted(blot for blot in blots(picture) if 1.5 * blot[2] < blot[3] < 12 * blot[2])[:2]
        return cells_of([Seen(1, x + w / 2, y + h / 2, w, h) for x, y, w, h in digits], picture.shape)

    found = read_sheet(sheet, look)
    assert found.text == "11"
    assert found.unexplained is unexplained


def test_odds_are_those_of_the_probability_and_never_without_bounds() -> None:
    assert reading(0.5).log_odds == pytest.approx(0.0)
    assert reading(0.9).log_odds == pytest.approx(math.log(9))
    assert reading(0.1).log_odds == pytest.approx(-math.log(9))
    assert math.isfinite(reading(0.0).log_odds)
    assert math.isfinite(reading(1.0).log_odds)
    assert reading(0.0).log_odds < reading(1e-4).log_odds < reading(0.9999).log_odds < reading(1.0).log_odds


def test_a_ring_around_a_digit_that_is_read_as_a_zero_is_not_all_that_stands_there() -> None:
    paper = np.full((120, 120), 255, np.uint8)
    cv2.circle(paper, (60, 60), 40, 0, 5)
    cv2.line(paper, (100, 60), (80, 60), 0, 5)  # what no outline has, so it is kept
    ring = prepare(paper).sheet
    cv2.line(paper, (60, 42), (60, 78), 0, 5)
    around_a_one = prepare(paper).sheet
    assert ring is not None
    assert around_a_one is not None

    def zero(picture: Gray) -> Cells:
        height, width = picture.shape
        return cells_of([Seen(0, width / 2, height / 2, width - 14, height - 14, 0.999)], picture.shape)

    assert not read_sheet(ring, zero).unexplained
    assert read_sheet(around_a_one, zero).unexplained


@pytest.mark.parametrize(("left", "unexplained"), [(110, True), (0, False), (300, False)])
def test_ink_too_broad_for_strokes_is_unexplained_amid_a_row_alone(left: int, *, unexplained: bool) -> None:
    """Beside the row it is the table; amid it, a digit of a thick pen that reaches to the border."""
    beyond = Component(label=99, left=left, top=40, width=70, height=110, area=5_000)
    found = read_sheet(dataclasses.replace(ones(50), left_out=(beyond,)), Looks())
    assert found.unexplained is unexplained


@pytest.mark.parametrize("shape", ["box", "ring"])
def test_a_box_that_a_digit_touches_is_no_digit_but_a_ring_may_be_the_rest_of_a_slashed_zero(shape: str) -> None:
    paper = np.full((200, 200), 255, np.uint8)
    if shape == "box":
        cv2.rectangle(paper, (50, 50), (150, 150), 0, 4)
    else:
        cv2.circle(paper, (100, 100), 50, 0, 4)
    cv2.line(paper, (100, 80), (100, 150), 0, 10)
    sheet = prepare(paper).sheet
    assert sheet is not None

    def one(picture: Gray) -> Cells:
        height, width = picture.shape
        middle = (width / 2, 0.65 * height)
        return cells_of([Seen(1, *middle, 0.15 * width, 0.5 * height, 0.999)], picture.shape)

    assert read_sheet(sheet, one).unexplained is (shape == "ring")
