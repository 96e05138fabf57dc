"""From marks to rows, and to what stands on the paper."""

from collections.abc import Sequence

import numpy as np
import pytest

from recognizer.marks import Mark
from recognizer.rows import in_rows, usual_height, written
from recognizer.symbols import CHARACTERS, SYMBOLS, Symbol

#: Pixels of a digit, from one digit's middle to the next, and from the row's middle to its foot.
HEIGHT, WIDTH, STEP, FOOT = 20.0, 12.0, 16.0, 10.0
#: How wide and high signs are, and how far below the row's middle theirs is.
SIGNS = {
    ".": (3.0, 3.0, FOOT - 1),
    ",": (4.0, 7.0, FOOT + 2),
    "-": (8.0, 2.0, 1.0),
    "/": (9.0, 24.0, 0.0),
    ":": (3.0, 12.0, 2.0),
    "=": (9.0, 7.0, 0.0),
}


def mark(symbol: int, x: float, y: float, width: float = WIDTH, height: float = HEIGHT) -> Mark:
    return Mark(symbol, np.eye(SYMBOLS, dtype=np.float32)[symbol], x, y, width, height)


def row_of(text: str, y: float = 50.0, *, slope: float = 0.0, step: float = STEP) -> list[Mark]:
    """Write a text, each row `slope` pixels lower for each pixel to the right; a space leaves two places free."""
    marks, x = [], 20.0
    for character in text:
        if character == " ":
            x += 2 * step
            continue
        width, height, lower = SIGNS.get(character, (WIDTH, HEIGHT, 0.0))
        marks.append(mark(CHARACTERS.index(character), x, y + slope * x + lower, width, height))
        x += step
    return marks


def shuffled(marks: Sequence[Mark], seed: int = 0) -> list[Mark]:
    return [marks[place] for place in np.random.default_rng(seed).permutation(len(marks))]


def texts(rows: Sequence[Sequence[Mark]]) -> list[str]:
    return ["".join(CHARACTERS[mark.symbol] for mark in row) for row in rows]


def test_no_marks_give_no_rows_and_nothing_written() -> None:
    assert in_rows([]) == []
    assert written([]) == ""


def test_one_mark_is_one_row() -> None:
    assert texts(in_rows(row_of("7"))) == ["7"]


@pytest.mark.parametrize("seed", range(5))
def test_rows_come_from_the_top_and_each_from_the_left_in_whatever_order_marks_come(seed: int) -> None:
    marks = [*row_of("0472", 30), *row_of("81", 60), *row_of("999", 90)]
    assert texts(in_rows(shuffled(marks, seed))) == ["0472", "81", "999"]


@pytest.mark.parametrize("slope", [-0.15, 0.15])
@pytest.mark.parametrize("seed", range(5))
def test_a_row_that_runs_aslant_is_one_row(slope: float, seed: int) -> None:
    marks = row_of("123456789", slope=slope)
    assert abs(marks[0].y - marks[-1].y) > 0.9 * HEIGHT  # its ends are as far apart as two rows
    assert texts(in_rows(shuffled(marks, seed))) == ["123456789"]


@pytest.mark.parametrize("slope", [-0.12, 0.12])
@pytest.mark.parametrize("seed", range(5))
def test_two_rows_that_run_aslant_stay_two(slope: float, seed: int) -> None:
    marks = [*row_of("12345678", 60, slope=slope), *row_of("87654321", 95, slope=slope)]
    assert texts(in_rows(shuffled(marks, seed))) == ["12345678", "87654321"]


def test_digits_that_dance_up_and_down_are_one_row() -> None:
    marks = [mark(digit, 20 + 16 * digit, 50 + (-4, 4, 0)[digit % 3]) for digit in range(9)]
    assert texts(in_rows(shuffled(marks))) == ["012345678"]


def test_a_lower_digit_among_high_ones_is_in_their_row() -> None:
    marks = [mark(1, 20, 50), mark(0, 36, 55, 8, 10), mark(2, 52, 50)]
    assert texts(in_rows(marks)) == ["102"]


@pytest.mark.parametrize("text", ["12.5", "12,5", "-3", "24/11/2026", "24.11.2026", "24-11-2026", "7:05", "3=3", "5."])
def test_signs_stand_in_the_row_of_their_digits(text: str) -> None:
    marks = shuffled(row_of(text))
    assert texts(in_rows(marks)) == [text]
    assert written(in_rows(marks)) == text


@pytest.mark.parametrize("text", ["12.5", "-3", "24/11/2026"])
@pytest.mark.parametrize("slope", [-0.12, 0.12])
def test_signs_stand_in_the_row_of_their_digits_if_it_runs_aslant(text: str, slope: float) -> None:
    assert written(in_rows(shuffled(row_of(text, slope=slope)))) == text


def test_a_sign_between_two_rows_belongs_to_the_nearer_one() -> None:
    upper, lower = row_of("12", 30), row_of("34", 62)
    comma = mark(Symbol.COMMA, 28, 42, 4, 7)
    assert texts(in_rows([*upper, *lower, comma])) == ["1,2", "34"]
    dash = mark(Symbol.DASH, 8, 60, 8, 2)
    assert texts(in_rows([*upper, *lower, dash])) == ["12", "-34"]


def test_a_sign_is_never_what_makes_two_rows_one() -> None:
    marks = [mark(1, 20, 30), mark(2, 52, 56), mark(Symbol.SLASH, 36, 43, 10, 40)]
    assert len(in_rows(marks)) == 2


def test_a_sign_far_from_every_row_is_a_row_of_its_own() -> None:
    marks = [*row_of("12", 60), mark(Symbol.DASH, 20, 10, 8, 2)]
    assert texts(in_rows(marks)) == ["-", "12"]


def test_a_sign_alone_is_written_too() -> None:
    assert written(in_rows([mark(Symbol.DASH, 20, 10, 8, 2)])) == "-"


def test_rows_are_written_after_each_other_with_a_space() -> None:
    marks = [*row_of("12.5", 30), *row_of("-3", 60)]
    assert written(in_rows(shuffled(marks))) == "12.5 -3"


def test_a_wide_gap_becomes_one_space_however_wide() -> None:
    assert written(in_rows(row_of("12 34"))) == "12 34"
    assert written(in_rows(row_of("12    34"))) == "12 34"


@pytest.mark.parametrize(("free", "expected"), [(0.9, "12"), (1.1, "1 2")])
def test_a_gap_is_wide_if_a_digit_s_height_is_free(free: float, expected: str) -> None:
    marks = [mark(1, 20, 50), mark(2, 20 + WIDTH + free * HEIGHT, 50)]
    assert written(in_rows(marks)) == expected


def test_what_is_no_digit_and_no_sign_is_not_written() -> None:
    marks = [*row_of("12"), mark(Symbol.OTHER, 20 + 2 * STEP, 50)]
    assert texts(in_rows(row_of("12"))) == ["12"]
    assert [len(row) for row in in_rows(marks)] == [3]
    assert written(in_rows(marks)) == "12"


def test_a_row_of_nothing_but_other_marks_leaves_no_space() -> None:
    marks = [mark(Symbol.OTHER, 20, 20), *row_of("12", 50), mark(Symbol.OTHER, 20, 80)]
    assert written(in_rows(marks)) == "12"


def test_a_wide_gap_with_something_in_it_that_is_not_written_becomes_one_space() -> None:
    marks = [mark(1, 20, 50), mark(Symbol.OTHER, 60, 50), mark(2, 100, 50)]
    assert written(in_rows(marks)) == "1 2"


def test_no_mark_is_lost_or_doubled_wherever_marks_stand() -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        marks = [
            mark(int(rng.integers(Symbol.NOTHING)), *rng.uniform(0, 200, 2), *rng.uniform(2, 40, 2))
            for _ in range(rng.integers(1, 20))
        ]
        rows = in_rows(marks)
        assert sorted(map(id, marks)) == sorted(id(mark) for row in rows for mark in row)
        assert all(row == sorted(row, key=lambda mark: mark.x) for row in rows)


def test_the_usual_height_is_that_of_the_digits() -> None:
    marks = [mark(1, 20, 50, height=18), mark(2, 40, 50, height=22), mark(3, 60, 50, height=90)]
    signs = [mark(Symbol.POINT, 80 + place, 50, 3, 3) for place in range(9)]
    assert usual_height([*marks, *signs]) == 22
    assert usual_height(signs) == 3
    assert usual_height([]) == 0
