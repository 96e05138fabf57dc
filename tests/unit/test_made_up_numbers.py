"""Made-up sheets: what is written, where it stands, and what the network should say of it."""

import math
from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from recognizer.arrays import Cells, Crops, DigitLabels
from recognizer.marks import decode
from recognizer.symbols import CHARACTERS, SYMBOLS, Symbol
from trainer.arrays import Floats
from trainer.numbers import fit, glyphs, hands
from trainer.numbers.fit import RECIPE, batches, made_numbers, made_sheets
from trainer.numbers.sheets import HEIGHT, WIDTH, Sheet
from trainer.numbers.targets import COLUMNS, ROWS, targets
from trainer.numbers.texts import GAP, OTHER, a_text, classes
from trainer.numbers.variation import vary


def digits() -> tuple[Crops, DigitLabels]:
    """Make twenty bars, two of each label, in place of MNIST's digits."""
    images = np.zeros((20, 28, 28), np.uint8)
    images[:, 4:24, 10:16] = 255
    return images, np.arange(20, dtype=np.uint8) % 10


def some_sheets(count: int, seed: int = 1) -> list[Sheet]:
    return list(islice(made_sheets(*digits(), np.random.default_rng(seed)), count))


def test_the_same_seed_makes_the_same_sheets_and_another_one_others() -> None:
    first, second, other = some_sheets(5), some_sheets(5), some_sheets(5, seed=2)
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(first, second, strict=True))
    assert not any(np.array_equal(one.pixels, two.pixels) for one, two in zip(first, other, strict=True))


def test_every_mark_stands_on_the_sheet_where_there_is_ink() -> None:
    for sheet in some_sheets(60):
        assert sheet.pixels.shape == (HEIGHT, WIDTH)
        for symbol, x, y, width, height in sheet.marks:
            assert 0 <= symbol < Symbol.NOTHING
            left, right = max(0, int(x - width / 2)), int(x + width / 2) + 2
            top, bottom = max(0, int(y - height / 2)), int(y + height / 2) + 2
            assert sheet.pixels[top:bottom, left:right].max() > 60


def test_all_digits_and_signs_occur_and_other_marks_too() -> None:
    seen = {int(symbol) for sheet in some_sheets(300) for symbol in sheet.marks[:, 0]}
    assert seen == set(range(Symbol.NOTHING))


def test_a_made_up_number_has_as_many_marks_of_ink_as_characters() -> None:
    for picture, text in islice(made_numbers(*digits(), np.random.default_rng(4)), 40):
        assert picture.shape[0] == HEIGHT
        assert picture.shape[1] <= WIDTH
        assert set(text) <= set(CHARACTERS + OTHER + GAP)


@pytest.mark.parametrize(
    ("text", "wanted"), [("12.5", [1, 2, 10, 5]), ("-3 ?", [12, 3, None, 16]), ("4/:", [4, 13, 14])]
)
def test_a_text_names_the_classes_of_its_marks(text: str, wanted: list[int | None]) -> None:
    assert classes(text) == wanted


def test_texts_are_amounts_dates_and_what_is_no_number() -> None:
    rng = np.random.default_rng(0)
    texts = [a_text(rng) for _ in range(500)]
    assert any(text.endswith(("-", "=")) for text in texts)
    assert any(set(text) == {OTHER} for text in texts)
    assert any(GAP in text for text in texts)
    assert all(text.strip() for text in texts)


@pytest.mark.parametrize("label", range(10))
def test_every_form_of_a_digit_can_be_drawn(label: int) -> None:
    rng = np.random.default_rng(label)
    hand = glyphs.Hand(pen=0.08, slant=0.1, drawn=1.0, unsteady=0.05)
    drawn = [glyphs.digit(label, 40.0, hand, rng, []).ink for _ in range(40)]
    assert all(ink.max() == 255 and 25 <= ink.shape[0] <= 60 for ink in drawn)
    assert len({ink.tobytes() for ink in drawn}) == 40
    assert len(hands.digit(label, rng)) >= 1


def cells_of(wanted: Floats) -> Cells:
    """Say with certainty what the targets want: the class at each centre, nothing elsewhere."""
    cells = np.zeros((ROWS, COLUMNS, SYMBOLS + 4), np.float32)
    centres = wanted[..., 1] == 1
    cells[..., Symbol.NOTHING] = 20.0
    for row, column in np.argwhere(centres):
        cells[row, column, Symbol.NOTHING] = 0.0
        cells[row, column, int(wanted[row, column, 0])] = 20.0
        cells[row, column, SYMBOLS:] = wanted[row, column, 2:]
    return cells


def test_decoding_gives_back_the_marks_that_the_targets_were_made_of() -> None:
    marks = np.array([[3, 20, 18, 12, 22], [10, 33, 28, 3, 3], [7, 44, 18, 14, 24], [16, 150, 20, 20, 24]], np.float32)
    found = sorted(decode(cells_of(targets(marks))).marks, key=lambda mark: mark.x)
    assert [mark.symbol for mark in found] == [3, 10, 7, 16]
    places = np.array([(mark.x, mark.y, mark.width, mark.height) for mark in found])
    assert np.abs(places - marks[:, 1:]).max() < 0.05


def test_cells_beside_a_centre_may_say_its_class_or_nothing() -> None:
    wanted = targets(np.array([[5, 50, 20, 12, 22]], np.float32))
    row, column = np.argwhere(wanted[..., 1] == 1)[0]
    assert wanted[row, column + 1, 0] == 5
    assert wanted[row, column + 1, 1] == 0
    assert wanted[row, column + 3, 0] == Symbol.NOTHING


def test_a_sheet_without_marks_wants_nothing() -> None:
    wanted = targets(np.empty((0, 5), np.float32))
    assert (wanted[..., 0] == Symbol.NOTHING).all()
    assert not wanted[..., 1].any()


def test_a_varied_sheet_has_its_boxes_where_its_ink_went() -> None:
    """Each of 200 views of two blocks has its ink inside the boxes. One block stands at the border."""
    rng = np.random.default_rng(5)
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[10:30, 60:80], pixels[12:40, 0:12] = 255, 255
    marks = np.array([[3, 70, 20, 20, 20], [4, 6, 26, 12, 28]], np.float32)
    views = [vary(Sheet(pixels, marks), rng) for _ in range(200)]
    for view in views:
        outside = view.pixels.copy()
        for _, x, y, width, height in view.marks:
            top, left = math.floor(y - height / 2), math.floor(x - width / 2)
            inside = outside[top : math.ceil(y + height / 2), left : math.ceil(x + width / 2)]
            assert inside.mean() > 127
            inside[:] = 0
        assert len(view.marks) == 1 or outside.max() < 128
    assert {len(view.marks) for view in views} == {1, 2}
    assert len({view.marks.tobytes() for view in views}) > 100


def test_each_sheet_is_shown_about_as_often_as_the_recipe_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "vary", lambda sheet, _: sheet)

    def numbered() -> Callable[[], Sheet]:
        made = iter(range(1, 100_000))

        def one() -> Sheet:
            number = next(made)
            pixels = np.full((HEIGHT, WIDTH), number % 251, np.uint8)
            pixels[0, :4] = np.frombuffer(number.to_bytes(4, "little"), np.uint8)
            return Sheet(pixels, np.empty((0, 5), np.float32))

        return one

    make = numbered()
    source = iter(make, None)
    recipe = RECIPE.__class__(**{**RECIPE.__dict__, "steps": 16, "batch": 16, "shown": 2})
    seen: dict[bytes, int] = {}
    for pictures, wanted in islice(batches(source, recipe, np.random.default_rng(3)), 200):
        assert pictures.shape == (16, HEIGHT, WIDTH, 1)
        assert wanted.shape == (16, ROWS, COLUMNS, 6)
        for picture in pictures:
            key = picture[0, :4].tobytes()
            seen[key] = seen.get(key, 0) + 1
    assert np.mean(list(seen.values())) == pytest.approx(2, abs=0.25)
