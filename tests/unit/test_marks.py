"""From the number network's cells to marks."""

import math

import numpy as np
import pytest

from recognizer.arrays import Cells
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, OUTPUTS, Mark, decode
from recognizer.symbols import SYMBOLS, Symbol
from tests.unit.cells import Seen, cells_of, say
from trainer.numbers.sheets import HEIGHT, WIDTH
from trainer.numbers.targets import targets

#: Rows and columns of pixels of most canvases here: 5 by 20 cells.
SHAPE = (40, 80)
BLANK = cells_of([], SHAPE)


def symbols(cells: Cells) -> list[int]:
    """Give the classes of all marks, from the left."""
    return [mark.symbol for mark in sorted(decode(cells).marks, key=lambda mark: mark.x)]


def places(marks: tuple[Mark, ...]) -> np.ndarray:
    """Give `(n, 5)`: class, centre and size of each mark, from the left."""
    rows = [(mark.symbol, mark.x, mark.y, mark.width, mark.height) for mark in marks]
    return np.array(sorted(rows, key=lambda row: row[1]), np.float32).reshape(-1, 5)


def test_cells_that_hold_nothing_give_no_marks_and_nothing_is_missed() -> None:
    found = decode(BLANK)
    assert found.marks == ()
    assert found.nothing_missed == pytest.approx(1.0)


def test_a_centre_gives_one_mark_with_its_class_place_size_and_probability() -> None:
    (mark,) = decode(cells_of([Seen(7, 31.0, 18.5, 13.0, 22.0, 0.9)], SHAPE)).marks
    assert (mark.symbol, mark.is_digit) == (7, True)
    assert (mark.x, mark.y) == pytest.approx((31.0, 18.5), abs=1e-3)
    assert (mark.width, mark.height) == pytest.approx((13.0, 22.0), abs=1e-3)
    assert mark.confidence == pytest.approx(0.9)
    assert mark.bounds == pytest.approx((24.5, 7.5, 37.5, 29.5), abs=1e-3)


def test_marks_of_any_place_and_size_come_back_as_they_were_put_in() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        seen = [
            Seen(int(rng.integers(10)), 24 * place + rng.uniform(6, 18), *rng.uniform((4, 2, 2), (36, 14, 38)))
            for place in range(3)
        ]
        expected = [(mark.symbol, mark.x, mark.y, mark.width, mark.height) for mark in seen]
        assert places(decode(cells_of(seen, SHAPE)).marks) == pytest.approx(np.array(expected), abs=0.01)


@pytest.mark.parametrize("corner", [(0.5, 0.5), (79.5, 0.5), (0.5, 39.5), (79.5, 39.5)])
def test_a_mark_in_the_corner_of_the_canvas_is_found(corner: tuple[float, float]) -> None:
    (mark,) = decode(cells_of([Seen(4, *corner)], SHAPE)).marks
    assert (mark.x, mark.y) == pytest.approx(corner, abs=1e-3)


def test_what_the_trainer_asks_for_decodes_to_the_marks_it_was_made_from() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        left = np.cumsum(rng.uniform(14, 22, 8))
        classes = rng.integers(0, Symbol.NOTHING, 8)
        box = rng.uniform((12, 3, 3), (28, 14, 26), (8, 3))
        marks = np.column_stack([classes, left, box]).astype(np.float32)
        wanted = targets(marks)
        cells = cells_of([], (HEIGHT, WIDTH))
        for row, column in np.ndindex(wanted.shape[:2]):  # around a centre a cell may say that it holds nothing
            if wanted[row, column, 1]:
                say(cells, row, column, Seen(int(wanted[row, column, 0]), 0, 0))
        cells[..., SYMBOLS:] = wanted[..., 2:]
        assert places(decode(cells).marks) == pytest.approx(marks, abs=0.01)


def test_neighbours_that_say_the_same_as_the_centre_do_not_double_it() -> None:
    cells = cells_of([Seen(8, 42.0, 20.0)], SHAPE)
    for row, column in np.ndindex(3, 3):
        if (row, column) != (1, 1):
            say(cells, 1 + row, 9 + column, Seen(8, 0, 0, probability=0.8))
    assert symbols(cells) == [8]
    assert decode(cells).nothing_missed == pytest.approx(1.0)


def test_a_neighbour_that_is_less_sure_tells_of_no_mark_of_its_own_wherever_it_places_it() -> None:
    cells = cells_of([Seen(8, 42.0, 20.0)], SHAPE)
    say(cells, 2, 11, Seen(3, 0, 0, probability=0.8))
    cells[2, 11, SYMBOLS] = 4.0  # cells to the right
    assert symbols(cells) == [8]


@pytest.mark.parametrize(("rows", "columns"), [(0, 1), (1, 0), (1, 1)])
def test_two_neighbours_that_are_just_as_sure_are_one_mark(rows: int, columns: int) -> None:
    cells = cells_of([Seen(8, 42.0, 20.0)], SHAPE)
    cells[2 + rows, 10 + columns] = cells[2, 10]
    assert symbols(cells) == [8]


def test_two_cells_that_tell_of_the_same_box_are_one_mark_though_they_are_no_neighbours() -> None:
    cells = cells_of([Seen(0, 42.0, 20.0, 18.0, 24.0)], SHAPE)
    cells[2, 13] = cells[2, 10]
    assert symbols(cells) == [0, 0]
    cells[2, 13, SYMBOLS] -= 3.0  # its centre is three cells to the left: where the other's is
    assert symbols(cells) == [0]


def test_boxes_that_share_most_of_their_area_are_one_mark_though_their_centres_differ() -> None:
    wide, shifted = Seen(0, 30.0, 20.0, 24.0, 24.0), Seen(0, 37.0, 20.0, 24.0, 24.0, probability=0.9)
    assert symbols(cells_of([wide, shifted], SHAPE)) == [0]


def test_of_two_digits_in_one_place_the_surer_one_stays() -> None:
    four, nine = Seen(4, 42.0, 20.0, probability=0.6), Seen(9, 48.0, 20.0, probability=0.9)
    assert symbols(cells_of([four, nine], SHAPE)) == [9]
    assert symbols(cells_of([nine, four], SHAPE)) == [9]


def test_narrow_digits_that_stand_close_are_two() -> None:
    ones = [Seen(1, 30.0, 20.0, 4.0, 21.0), Seen(1, 38.0, 20.0, 4.0, 21.0)]
    assert symbols(cells_of(ones, SHAPE)) == [1, 1]


def test_digits_whose_boxes_overlap_a_little_are_two() -> None:
    slanted = [Seen(7, 30.0, 20.0, 16.0, 21.0), Seen(4, 42.0, 20.0, 16.0, 21.0)]
    assert symbols(cells_of(slanted, SHAPE)) == [7, 4]


@pytest.mark.parametrize("sign", [Symbol.POINT, Symbol.COMMA, Symbol.DASH, Symbol.SLASH, Symbol.COLON, Symbol.EQUALS])
def test_a_sign_within_a_digit_s_box_is_kept(sign: Symbol) -> None:
    found = decode(cells_of([Seen(7, 30.0, 20.0, 20.0, 24.0), Seen(sign, 36.0, 28.0, 4.0, 4.0)], SHAPE)).marks
    assert {mark.symbol for mark in found} == {7, sign}
    assert [mark.is_digit for mark in found if mark.symbol == sign] == [False]


def test_a_centre_that_may_be_nothing_is_a_mark_all_the_same_and_as_doubtful_as_it_is() -> None:
    (mark,) = decode(cells_of([Seen(5, 42.0, 20.0, probability=0.4)], SHAPE)).marks
    assert mark.symbol == 5
    assert mark.confidence == pytest.approx(0.4)


def test_a_mark_s_probabilities_are_those_of_all_classes() -> None:
    (mark,) = decode(cells_of([Seen(4, 42.0, 20.0, probability=0.7, rivals=(9,))], SHAPE)).marks
    assert mark.probabilities.shape == (SYMBOLS,)
    assert mark.probabilities.sum() == pytest.approx(1.0)
    assert (mark.probabilities[4], mark.probabilities[9]) == pytest.approx((0.7, 0.3))


def test_what_is_hardly_seen_is_no_mark_but_may_have_been_missed() -> None:
    found = decode(cells_of([Seen(1, 12.0, 20.0), Seen(1, 62.0, 20.0, probability=0.2)], SHAPE))
    assert [mark.x for mark in found.marks] == pytest.approx([12.0])
    assert found.nothing_missed == pytest.approx(0.8)


def test_the_most_doubtful_place_tells_whether_something_was_missed() -> None:
    doubtful = [Seen(1, x, 20.0, probability=doubt) for x, doubt in ((10.0, 0.1), (30.0, 0.2), (50.0, 0.05))]
    assert decode(cells_of(doubtful, SHAPE)).nothing_missed == pytest.approx(0.8)


def test_a_mark_itself_is_nothing_that_was_missed() -> None:
    assert decode(cells_of([Seen(1, 42.0, 20.0, probability=0.5)], SHAPE)).nothing_missed == pytest.approx(1.0)


def test_cells_on_which_all_is_possible_are_decoded_too() -> None:
    rng = np.random.default_rng(11)
    for _ in range(50):
        cells = rng.normal(0, 4, (*rng.integers(1, 12, 2), OUTPUTS)).astype(np.float32)
        found = decode(cells)
        assert 0 <= found.nothing_missed <= 1
        for mark in found.marks:
            assert mark.symbol != Symbol.NOTHING
            assert min(mark.width, mark.height) >= 1
            assert 0 < mark.confidence <= 1


def test_each_cell_is_as_many_pixels_as_the_contract_says() -> None:
    first, second = Seen(1, 0.5 * CELL_WIDTH, 0.5 * CELL_HEIGHT), Seen(1, 19.5 * CELL_WIDTH, 4.5 * CELL_HEIGHT)
    cells = cells_of([first, second], SHAPE)
    assert np.argwhere(cells[..., Symbol.NOTHING] < cells[..., 1]).tolist() == [[0, 0], [4, 19]]
    assert places(decode(cells).marks)[:, 1:3] == pytest.approx(np.array([[2.0, 4.0], [78.0, 36.0]]))


def test_of_very_many_marks_the_surest_are_looked_at() -> None:
    cells = np.zeros((80, 160, OUTPUTS), np.float32)
    cells[..., Symbol.NOTHING] = 10
    cells[::2, ::2, Symbol.NOTHING] = -np.arange(40 * 80, dtype=np.float32).reshape(40, 80) / 1000
    cells[..., SYMBOLS:] = math.log(0.1)
    marks = decode(cells).marks
    assert 0 < len(marks) <= 400
    assert min(mark.y for mark in marks) > 300
