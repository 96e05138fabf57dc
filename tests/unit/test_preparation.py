"""From a grey picture to one clean digit's crop, and to a sheet of ink."""

import numpy as np
import pytest

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from tests.unit.written import (
    clean,
    contract_digit,
    dark_label,
    difference,
    extent,
    ink_of,
    is_near,
    part_boxes,
    written,
)


@pytest.mark.parametrize("text", list("0123456789"))
def test_a_picture_that_follows_the_contract_stays_as_it_is(text: str) -> None:
    picture = contract_digit(text)
    prepared = prepare(picture)
    assert prepared.single is not None
    assert np.array_equal(prepared.single.crop, picture)
    assert is_near(prepared.single.box, cv2.boundingRect(picture), 1)
    assert not prepared.dark_on_light


def test_a_picture_that_follows_the_contract_has_no_sheet() -> None:
    """One network says all of it."""
    assert prepare(contract_digit()).sheet is None


def test_its_negative_gives_the_same() -> None:
    prepared = prepare(255 - contract_digit())
    assert prepared.single is not None
    assert np.array_equal(prepared.single.crop, contract_digit())
    assert prepared.sheet is None
    assert prepared.dark_on_light


def test_a_picture_that_follows_the_contract_is_one_digit_however_broken() -> None:
    contract = np.zeros((28, 28), np.uint8)
    contract[4:24, 8:11] = contract[4:24, 17:20] = 255  # as in MNIST, whose pictures hold one digit each
    assert np.array_equal(clean(contract).crop, contract)

    wider = np.zeros((40, 60), np.uint8)
    wider[8:28, 10:13] = wider[8:28, 30:33] = 255
    prepared = prepare(wider)
    assert prepared.single is None
    assert len(part_boxes(prepared)) == 2


def test_a_faint_picture_of_the_right_size_is_stretched_to_full_strength() -> None:
    faint = (contract_digit() * 0.2).astype(np.uint8)
    assert clean(faint).crop.max() > 230


def test_the_picture_itself_is_not_written_to() -> None:
    for picture in (written("5"), written("512"), contract_digit(), dark_label("5")):
        before = picture.copy()
        prepare(picture)
        assert np.array_equal(picture, before)


@pytest.mark.parametrize("height", [24, 40, 64, 200, 700, 2500])
def test_a_digit_of_any_size_is_fitted_in_twenty_pixels(height: int) -> None:
    crop = clean(written("5", height=height, pen=max(1, height // 14))).crop
    assert crop.shape == (28, 28)
    assert crop.dtype == np.uint8
    width, height = extent(crop)
    assert height in {19, 20}
    assert 10 <= width <= 16  # the aspect ratio is kept


@pytest.mark.parametrize("corner", [(10, 10), (300, 20), (150, 190)])
def test_the_mass_is_centred_wherever_the_digit_stands(corner: tuple[int, int]) -> None:
    sheet = np.full((300, 400), 255, np.uint8)
    cv2.putText(sheet, "7", (corner[0], corner[1] + 60), cv2.FONT_HERSHEY_SIMPLEX, 2.5, 0, 8)
    moments = cv2.moments(clean(sheet).crop)
    assert 13.4 < moments["m10"] / moments["m00"] < 14.6
    assert 13.4 < moments["m01"] / moments["m00"] < 14.6


@pytest.mark.parametrize(("shape", "within"), [((90, 120), 1), ((300, 400), 2), ((900, 1200), 8), ((2400, 3200), 8)])
def test_boxes_are_in_the_picture_s_own_pixels(shape: tuple[int, int], within: int) -> None:
    height, width = shape
    box = (width * 7 // 12, height // 3, width // 12, height // 3)
    sheet = np.full(shape, 255, np.uint8)
    sheet[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] = 0
    prepared = prepare(sheet)
    assert prepared.single is not None
    assert is_near(prepared.single.box, box, within)
    assert part_boxes(prepared) == [prepared.single.box]


def test_a_wide_digit_keeps_its_shape() -> None:
    sheet = np.full((100, 300), 255, np.uint8)
    cv2.ellipse(sheet, (150, 50), (80, 40), 0, 0, 360, 0, 10)
    width, height = extent(clean(sheet).crop)
    assert width == 20
    assert 10 <= height <= 12


def test_thin_strokes_are_brought_to_the_width_of_a_pen() -> None:
    thin, usual = (clean(written("3", height=600, pen=pen)).crop for pen in (2, 40))
    assert thin.max() > 200
    assert 0.6 < thin.sum() / usual.sum() < 1.4


def test_faint_ink_comes_out_as_strong_as_black() -> None:
    faint, black = (prepare(written("3", paper=230, ink=ink)) for ink in (190, 0))
    assert faint.single is not None
    assert black.single is not None
    assert difference(faint.single.crop, black.single.crop) < 4
    assert faint.sheet is not None
    assert black.sheet is not None
    assert abs(int(faint.sheet.strength.max()) - int(black.sheet.strength.max())) < 20


def test_edges_stay_grey() -> None:
    crop = clean(written("3")).crop
    assert np.count_nonzero((crop > 40) & (crop < 215)) > 20


def test_a_digit_cut_tightly_on_all_sides_is_kept() -> None:
    for text in "0123456789":
        sheet = written(text, height=300, pen=24)
        left, top, width, height = cv2.boundingRect(255 - sheet)
        tight = clean(np.ascontiguousarray(sheet[top : top + height, left : left + width]))
        assert difference(tight.crop, clean(sheet).crop) < 8


def cropped(text: str, height: int, margin: int) -> Gray:
    """Cut a scanned digit, its strokes a seventh of its height and their edges soft, to its ink; black on white."""
    sheet = cv2.blur(written(text, height=400, pen=30), (13, 13))
    left, top, width, tall = ink_of(sheet)
    ink = sheet[top : top + tall, left : left + width]
    ink = cv2.resize(ink, (max(3, width * height // tall), height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.copyMakeBorder(ink, *(margin,) * 4, cv2.BORDER_CONSTANT, value=255), np.uint8)


@pytest.mark.parametrize(("height", "dimmed"), [(16, 0.0), (24, 0.0), (36, 0.0), (90, 0.0), (90, 0.3), (200, 0.3)])
@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("text", list("012356789"))
def test_a_digit_that_fills_its_picture_is_found(text: str, height: int, dimmed: float, *, negative: bool) -> None:
    picture = cropped(text, height, margin=1)
    picture = 255 - picture if negative else picture
    lit = (60 + picture * 0.6) * np.linspace(1, 1 - dimmed, picture.shape[1])
    prepared = prepare(lit.astype(np.uint8))
    assert prepared.dark_on_light is not negative
    assert prepared.single is not None
    assert difference(prepared.single.crop, clean(written(text, height=400, pen=30)).crop) < 25


@pytest.mark.parametrize("text", ["5", "512"])
def test_preparing_twice_gives_the_same(text: str) -> None:
    first, second = (prepare(written(text)) for _ in range(2))
    assert part_boxes(first) == part_boxes(second)
    if first.single:
        assert second.single is not None
        assert np.array_equal(first.single.crop, second.single.crop)
    else:
        assert second.single is None
