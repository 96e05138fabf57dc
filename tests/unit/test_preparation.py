from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.opencv import cv2
from recognizer.preparation import MOST_DIGITS, prepare

Pixels = NDArray[np.uint8]


def written(  # noqa: PLR0913 - all but the text have a default
    text: str, *, height: int = 200, width: int = 0, pen: int = 8, paper: int = 255, ink: int = 0
) -> Pixels:
    """Write in a font of strokes, in the middle of a sheet that is wide enough."""
    scale = height / 60
    (length, rise), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, pen)
    sheet = np.full((height, width or length + height), paper, np.uint8)
    corner = ((sheet.shape[1] - length) // 2, (height + rise) // 2)
    cv2.putText(sheet, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, pen, cv2.LINE_AA)
    return sheet


def contract_digit(text: str = "5") -> Pixels:
    """Make a picture that follows the model contract to the letter: 20 pixels high, its mass in the middle."""
    large = written(text, height=400, pen=26, paper=0, ink=255)
    left, top, width, height = cv2.boundingRect(large)
    tight = cv2.resize(large[top : top + height, left : left + width], (13, 20), interpolation=cv2.INTER_AREA)
    rows, columns = np.mgrid[:20, :13]
    y = 14 - int((tight * rows).sum() / tight.sum() + 0.5)
    x = 14 - int((tight * columns).sum() / tight.sum() + 0.5)
    picture = np.zeros((28, 28), np.uint8)
    picture[y : y + 20, x : x + 13] = tight
    return picture


def extent(crop: Pixels) -> tuple[int, int]:
    _, _, width, height = cv2.boundingRect(cv2.compare(crop, 64, cv2.CMP_GT))
    return width, height


def difference(one: Pixels, other: Pixels) -> float:
    """Compare two crops, grey levels a pixel; rounding may have put them a pixel apart."""
    shifts = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    return min(float(np.abs(np.roll(one, shift, (0, 1)).astype(int) - other).mean()) for shift in shifts)


@pytest.mark.parametrize("text", list("0123456789"))
def test_a_picture_that_follows_the_contract_stays_as_it_is(text: str) -> None:
    picture = contract_digit(text)
    prepared = prepare(picture)
    assert np.array_equal(prepared.crops, picture[None])
    assert not prepared.dark_on_light


def test_its_negative_gives_the_same() -> None:
    prepared = prepare(255 - contract_digit())
    assert np.array_equal(prepared.crops, contract_digit()[None])
    assert prepared.dark_on_light


def test_the_picture_itself_is_not_written_to() -> None:
    picture = written("5")
    before = picture.copy()
    prepare(picture)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("height", [24, 40, 64, 200, 700, 2500])
def test_a_digit_of_any_size_is_fitted_in_twenty_pixels(height: int) -> None:
    crops = prepare(written("5", height=height, pen=max(1, height // 14))).crops
    assert crops.shape == (1, 28, 28)
    assert crops.dtype == np.uint8
    width, height = extent(crops[0])
    assert height in {19, 20}
    assert 10 <= width <= 16  # the aspect ratio is kept


@pytest.mark.parametrize("corner", [(10, 10), (300, 20), (150, 190)])
def test_the_mass_is_centred_wherever_the_digit_stands(corner: tuple[int, int]) -> None:
    sheet = np.full((300, 400), 255, np.uint8)
    cv2.putText(sheet, "7", (corner[0], corner[1] + 60), cv2.FONT_HERSHEY_SIMPLEX, 2.5, 0, 8)
    (crop,) = prepare(sheet).crops
    moments = cv2.moments(crop)
    assert 13.4 < moments["m10"] / moments["m00"] < 14.6
    assert 13.4 < moments["m01"] / moments["m00"] < 14.6


def test_boxes_are_in_the_picture_s_own_pixels() -> None:
    sheet = np.full((900, 1200), 255, np.uint8)
    cv2.rectangle(sheet, (700, 300), (799, 599), 0, -1)
    (box,) = prepare(sheet).boxes
    assert abs(box.left - 700) <= 4
    assert abs(box.top - 300) <= 4
    assert abs(box.width - 100) <= 8
    assert abs(box.height - 300) <= 8


def test_a_wide_digit_keeps_its_shape() -> None:
    sheet = np.full((100, 300), 255, np.uint8)
    cv2.ellipse(sheet, (150, 50), (80, 40), 0, 0, 360, 0, 10)
    width, height = extent(prepare(sheet).crops[0])
    assert width == 20
    assert 10 <= height <= 12


def test_thin_strokes_are_brought_to_the_width_of_a_pen() -> None:
    thin, usual = (prepare(written("3", height=600, pen=pen)).crops[0] for pen in (2, 40))
    assert thin.max() > 200
    assert 0.6 < thin.sum() / usual.sum() < 1.4


def test_faint_ink_comes_out_as_strong_as_black() -> None:
    faint, black = (prepare(written("3", paper=230, ink=ink)).crops[0] for ink in (190, 0))
    assert difference(faint, black) < 4


def test_edges_stay_grey() -> None:
    crop = prepare(written("3")).crops[0]
    assert np.count_nonzero((crop > 40) & (crop < 215)) > 20


@pytest.mark.parametrize(
    "shadow",
    [
        lambda x, y: 130 * x + 0 * y,
        lambda x, y: 0 * x + 130 * y,
        lambda x, y: 110 * (x - 0.5) ** 2 + 150 * (y - 0.5) ** 2,
        lambda x, y: 100 / (1 + np.exp(-20 * (x + y - 1))),
    ],
)
@pytest.mark.parametrize("negative", [False, True])
def test_uneven_light_changes_little(shadow: Callable[[Pixels, Pixels], Pixels], *, negative: bool) -> None:
    sheet = written("3", height=300, width=400, paper=240, ink=60, pen=12)
    y, x = np.mgrid[:300, :400] / 400
    shaded = np.clip(sheet - shadow(x, y), 0, 255).astype(np.uint8)
    prepared = prepare(255 - shaded if negative else shaded)
    assert len(prepared.crops) == 1
    assert prepared.dark_on_light is not negative
    assert difference(prepared.crops[0], prepare(sheet).crops[0]) < 12


def test_noise_does_not_hide_a_digit() -> None:
    noise = np.random.default_rng(1).normal(0, 12, (300, 400))
    sheet = np.clip(written("3", height=300, width=400, paper=200, ink=60, pen=14) + noise, 0, 255).astype(np.uint8)
    assert len(prepare(sheet).crops) == 1


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (300, 400), (1, 1), (1, 50), (3, 2000)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_digits(shape: tuple[int, int], level: int) -> None:
    prepared = prepare(np.full(shape, level, np.uint8))
    assert prepared.crops.shape == (0, 28, 28)
    assert prepared.boxes == ()


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (300, 300), (900, 1200)])
@pytest.mark.parametrize("strength", [1, 3, 8, 20])
def test_noise_alone_has_no_digits(shape: tuple[int, int], strength: int) -> None:
    noise = np.random.default_rng(strength).normal(190, strength, shape)
    assert len(prepare(np.clip(noise, 0, 255).astype(np.uint8)).crops) == 0


def test_a_shadow_on_blank_paper_is_no_digit() -> None:
    y, x = np.mgrid[:300, :400]
    assert len(prepare((120 + x / 5 + y / 8).astype(np.uint8)).crops) == 0


@pytest.mark.parametrize("text", ["10", "0472", "2026", "123456"])
def test_digits_side_by_side_come_from_left_to_right(text: str) -> None:
    prepared = prepare(written(text))
    assert len(prepared.crops) == len(text)
    assert [box.left for box in prepared.boxes] == sorted(box.left for box in prepared.boxes)
    for crop, digit in zip(prepared.crops, text, strict=True):
        assert difference(crop, prepare(written(digit)).crops[0]) < 10


def test_rows_come_from_the_top() -> None:
    sheet = np.vstack((written("12", width=500), written("34", width=500)))
    prepared = prepare(sheet)
    expected = [prepare(written(digit)).crops[0] for digit in "1234"]
    assert [difference(*pair) < 10 for pair in zip(prepared.crops, expected, strict=True)] == [True] * 4


def test_a_drawn_frame_is_left_out() -> None:
    sheet = written("5", width=200)
    cv2.rectangle(sheet, (10, 10), (189, 189), 0, 3)
    assert difference(prepare(sheet).crops[0], prepare(written("5", width=200)).crops[0]) < 6


def form(feet: int) -> Pixels:
    """Write 2 0 7 in the three boxes of a form, the feet of the 2 so many pixels below its box."""
    sheet = np.full((260, 480), 255, np.uint8)
    for left, digit in zip((20, 170, 320), "207", strict=True):
        cv2.rectangle(sheet, (left, 30), (left + 150, 180), 100, 2)
        ink = written(digit, height=150, width=150)
        top = 30 + feet + 180 - 30 - int(np.flatnonzero((ink < 128).any(axis=1))[-1]) if digit == "2" else 65
        window = sheet[top : top + 150, left : left + 150]
        np.minimum(window, ink[: len(window)], out=window)
    return sheet


@pytest.mark.parametrize("feet", [-40, 3, 8, 14])
def test_a_digit_over_the_edge_of_its_box_is_neither_lost_nor_taken_for_the_next_row(feet: int) -> None:
    prepared = prepare(form(feet))
    assert len(prepared.crops) == 3
    assert [box.left for box in prepared.boxes] == sorted(box.left for box in prepared.boxes)


@pytest.mark.parametrize("pen", [3, 8])
def test_a_stroke_left_out_as_a_line_that_may_be_a_one_is_told(pen: int) -> None:
    """A column of ones looks like a printed line that is broken."""
    sheet = np.vstack((written("82", width=500), written("69", width=500)))
    sheet[60:140, 60 : 60 + pen] = sheet[260:340, 60 : 60 + pen] = 0
    prepared = prepare(sheet)
    assert (len(prepared.crops), prepared.left_out) == (4, True)


def test_a_printed_line_that_is_longer_than_any_digit_is_left_out_without_a_word() -> None:
    sheet = written("53", width=400)
    sheet[10:190, 30:33] = 0
    prepared = prepare(sheet)
    assert (len(prepared.crops), prepared.left_out) == (2, False)


@pytest.mark.parametrize("lines", [1, 2])
@pytest.mark.parametrize("text", ["7", "2", "407"])
def test_underlines_are_left_out(text: str, lines: int) -> None:
    sheet = written(text, height=240)
    left, top, width, height = cv2.boundingRect(255 - sheet)
    for line in range(lines):
        foot = top + height + 12 * (line + 1)
        cv2.line(sheet, (left - 9, foot), (left + width + 9, foot + 3), 0, 4)
    prepared = prepare(sheet)
    assert len(prepared.boxes) == len(text)
    assert all(box.top + box.height <= top + height for box in prepared.boxes)


def test_the_foot_of_a_digit_is_no_underline() -> None:
    sheet = written("7", height=240)
    left, top, width, height = cv2.boundingRect(255 - sheet)
    for start, end, gap in ((left + 6, left + width + 9, 14), (left - 9, left + width + 9, 6)):
        printed = sheet.copy()
        cv2.line(printed, (start, top + height + gap), (end, top + height + gap), 0, 6)
        (box,) = prepare(printed).boxes
        assert box.top + box.height > top + height + gap


@pytest.mark.parametrize("open_for", [0, 40])
def test_a_ring_around_a_digit_is_left_out(open_for: int) -> None:
    sheet = written("5", height=240, width=300)
    bare = prepare(sheet)
    cv2.ellipse(sheet, (150, 120), (100, 92), 20, 0, 360 - open_for, 0, 4)
    ringed = prepare(sheet)
    assert ringed.boxes == bare.boxes
    assert np.array_equal(ringed.crops, bare.crops)


@pytest.mark.parametrize("slash", [True, False])
def test_a_zero_with_a_slash_or_a_dot_in_it_is_no_ring(*, slash: bool) -> None:
    sheet = np.full((240, 240), 255, np.uint8)
    cv2.ellipse(sheet, (120, 120), (55, 62), 0, 0, 360, 0, 8)
    cv2.line(sheet, (100, 140), (140, 100), 0, 7) if slash else cv2.circle(sheet, (120, 120), 9, 0, -1)
    assert max(box.height for box in prepare(sheet).boxes) > 120


def test_a_frame_at_the_border_is_left_out() -> None:
    sheet = cv2.copyMakeBorder(written("5", width=200), 6, 6, 6, 6, cv2.BORDER_CONSTANT, value=0)
    assert difference(prepare(sheet).crops[0], prepare(written("5", width=200)).crops[0]) < 6


@pytest.mark.parametrize("broken", [False, True])
def test_ruled_lines_are_left_out(*, broken: bool) -> None:
    sheet = written("53", width=400)
    for start in range(0, 400, 100):
        cv2.line(sheet, (start, 185), (start + (90 if broken else 100), 186), 0, 2)
    prepared = prepare(sheet)
    assert len(prepared.crops) == 2
    assert difference(prepared.crops[0], prepare(written("53", width=400)).crops[0]) < 6


def test_a_shadow_along_the_border_is_left_out() -> None:
    sheet = written("5", width=300)
    sheet[:, :12] = 20
    assert len(prepare(sheet).crops) == 1


def test_a_sheet_lying_askew_on_a_dark_ground_is_still_dark_on_light() -> None:
    sheet = written("5", height=220, width=220, pen=14)
    turn = cv2.getRotationMatrix2D((110, 110), 28, 1.0)
    askew = np.asarray(cv2.warpAffine(sheet, turn, (220, 220), borderValue=0), np.uint8)
    prepared = prepare(askew)
    assert prepared.dark_on_light
    assert len(prepared.crops) == 1
    assert prepared.boxes[0].width < 150


def test_a_shadow_over_half_the_sheet_is_not_taken_for_ink() -> None:
    sheet = written("5", height=200, width=200, pen=12).astype(float)
    light = np.ones((200, 200))
    light[:, 90:] = 0.55
    shaded = (sheet * cv2.blur(light, (11, 11))).astype(np.uint8)
    prepared = prepare(shaded)
    assert prepared.dark_on_light
    assert len(prepared.crops) == 1
    assert difference(prepared.crops[0], prepare(written("5", height=200, width=200, pen=12)).crops[0]) < 10


def test_a_neighbour_s_stroke_at_the_border_is_left_out() -> None:
    sheet = written("5", width=300)
    cv2.line(sheet, (250, 0), (260, 15), 0, 8)
    assert len(prepare(sheet).crops) == 1


def test_a_digit_cut_tightly_on_all_sides_is_kept() -> None:
    for text in "0123456789":
        sheet = written(text, height=300, pen=24)
        left, top, width, height = cv2.boundingRect(255 - sheet)
        prepared = prepare(np.ascontiguousarray(sheet[top : top + height, left : left + width]))
        assert len(prepared.crops) == 1
        assert difference(prepared.crops[0], prepare(sheet).crops[0]) < 8


def cropped(text: str, height: int, margin: int) -> Pixels:
    """Cut a scanned digit, its strokes a seventh of its height and their edges soft, to its ink; black on white."""
    sheet = cv2.blur(written(text, height=400, pen=30), (13, 13))
    left, top, width, tall = cv2.boundingRect(cv2.compare(sheet, 128, cv2.CMP_LT))
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
    assert len(prepared.crops) == 1
    assert difference(prepared.crops[0], prepare(written(text, height=400, pen=30)).crops[0]) < 25


@pytest.mark.parametrize("strength", [15, 30])
def test_a_picture_taken_in_the_dark_is_smoothed(strength: int) -> None:
    grain = np.random.default_rng(0).normal(0, strength, (240, 240))
    clean = written("5", height=240, width=240, pen=14, paper=140, ink=40)
    prepared = prepare(np.clip(clean + grain, 0, 255).astype(np.uint8))
    assert len(prepared.crops) == 1
    assert difference(prepared.crops[0], prepare(clean).crops[0]) < 12


@pytest.mark.parametrize("text", list("05"))
def test_a_bold_digit_on_the_edge_of_its_box_is_read_without_the_box(text: str) -> None:
    sheet = written(text, height=160, pen=18)
    left, top, width, height = cv2.boundingRect(255 - sheet)
    cv2.rectangle(sheet, (left - 14, top - 14), (left + width + 14, top + height - 4), 60, 4)
    prepared = prepare(sheet)
    (box,) = prepared.boxes
    assert abs(box.left - left) <= 1
    assert abs(box.width - width) <= 1


def test_a_digit_cut_by_one_border_stays_beside_a_whole_one() -> None:
    sheet = written("35", width=400)
    right = int(np.flatnonzero((sheet < 128).any(0))[-1])
    assert len(prepare(np.ascontiguousarray(sheet[:, : right - 4])).crops) == 2


def test_specks_are_left_out() -> None:
    sheet = written("5", width=300)
    for x, y in ((20, 20), (280, 30), (150, 190), (30, 170)):
        cv2.circle(sheet, (x, y), 2, 0, -1)
    assert difference(prepare(sheet).crops[0], prepare(written("5", width=300)).crops[0]) < 1


def test_a_dark_picture_within_a_light_page_is_read_as_itself() -> None:
    page = np.full((400, 500), 255, np.uint8)
    page[60:360, 100:400] = written("5", height=300, width=300, paper=0, ink=255, pen=24)
    prepared = prepare(page)
    assert not prepared.dark_on_light
    assert difference(prepared.crops[0], prepare(written("5", height=300, pen=24)).crops[0]) < 8
    assert 100 < prepared.boxes[0].left < 300


def test_a_picture_full_of_marks_stops_at_the_cap() -> None:
    sheet = np.full((600, 600), 255, np.uint8)
    for y in range(10, 600, 40):
        for x in range(10, 600, 40):
            cv2.circle(sheet, (x, y), 8, 0, 2)
    prepared = prepare(sheet)
    assert len(prepared.crops) == len(prepared.boxes) == MOST_DIGITS + 1


def test_any_picture_gives_crops_that_follow_the_contract() -> None:
    random = np.random.default_rng(7)
    for _ in range(300):
        shape = tuple(random.integers(1, 90, 2))
        sheet = random.integers(0, 256, shape).astype(np.uint8)
        sheet = cv2.blur(sheet, tuple(int(side) for side in random.integers(1, 12, 2)))
        cv2.line(sheet, *(tuple(int(value) for value in random.integers(-20, 100, 2)) for _ in range(2)), 255, 3)
        prepared = prepare(sheet)
        assert prepared.crops.shape[1:] == (28, 28)
        assert len(prepared.crops) == len(prepared.boxes)
        for crop, box in zip(prepared.crops, prepared.boxes, strict=True):
            assert crop.max() > 0
            assert min(box.left, box.top) >= 0
            assert box.left + box.width <= shape[1]
            assert box.top + box.height <= shape[0]


def test_a_faint_picture_of_the_right_size_is_stretched_to_full_strength() -> None:
    faint = (contract_digit() * 0.2).astype(np.uint8)
    assert prepare(faint).crops[0].max() > 230


def test_a_page_of_pixels_that_are_all_marks_takes_no_time_to_give_up() -> None:
    noise = np.random.default_rng(0).integers(0, 2, (1000, 1000)).astype(np.uint8) * 255
    assert len(prepare(noise).crops) <= MOST_DIGITS + 1


def test_a_picture_that_follows_the_contract_is_one_digit_however_broken() -> None:
    contract = np.zeros((28, 28), np.uint8)
    contract[4:24, 8:11] = contract[4:24, 17:20] = 255  # as in MNIST, whose pictures hold one digit each
    assert np.array_equal(prepare(contract).crops, contract[None])

    wider = np.zeros((40, 60), np.uint8)
    wider[8:28, 10:13] = wider[8:28, 30:33] = 255
    assert len(prepare(wider).crops) == 2
