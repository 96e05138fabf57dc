"""From a grey picture to one clean digit's crop, and to a sheet of ink."""

from collections.abc import Callable

import numpy as np
import pytest

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from recognizer.preparation import Prepared, Single, prepare
from recognizer.reading import Box


def written(  # noqa: PLR0913 - all but the text have a default
    text: str, *, height: int = 200, width: int = 0, pen: int = 8, paper: int = 255, ink: int = 0
) -> Gray:
    """Write in a font of strokes, in the middle of a sheet that is wide enough."""
    scale = height / 60
    (length, rise), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, pen)
    sheet = np.full((height, width or length + height), paper, np.uint8)
    corner = ((sheet.shape[1] - length) // 2, (height + rise) // 2)
    cv2.putText(sheet, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, pen, cv2.LINE_AA)
    return sheet


def contract_digit(text: str = "5") -> Gray:
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


def extent(crop: Gray) -> tuple[int, int]:
    _, _, width, height = cv2.boundingRect(cv2.compare(crop, 64, cv2.CMP_GT))
    return width, height


def difference(one: Gray, other: Gray) -> float:
    """Compare two crops, grey levels a pixel; rounding may have put them a pixel apart."""
    shifts = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    return min(float(np.abs(np.roll(one, shift, (0, 1)).astype(int) - other).mean()) for shift in shifts)


def clean(picture: Gray) -> Single:
    """Give the only mark of a picture."""
    single = prepare(picture).single
    assert single is not None
    return single


def part_boxes(prepared: Prepared) -> list[Box]:
    """Give the boxes of the ink on the sheet, in the picture's own pixels, from the left."""
    sheet = prepared.sheet
    assert sheet is not None
    boxes = []
    for part in sorted(sheet.parts, key=lambda part: part.left):
        left, top, width, height = (sheet.factor * side for side in (part.left, part.top, part.width, part.height))
        boxes.append(Box(left + sheet.left, top + sheet.top, width, height))
    return boxes


def is_near(box: Box, expected: tuple[int, int, int, int], within: int) -> bool:
    sides = zip((box.left, box.top, box.width, box.height), expected, strict=True)
    return all(abs(side - wanted) <= within for side, wanted in sides)


def ink_of(sheet: Gray) -> tuple[int, int, int, int]:
    """Give the box of black ink on white."""
    left, top, width, height = cv2.boundingRect(cv2.compare(sheet, 128, cv2.CMP_LT))
    return left, top, width, height


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
def test_uneven_light_changes_little(shadow: Callable[[Gray, Gray], Gray], *, negative: bool) -> None:
    sheet = written("3", height=300, width=400, paper=240, ink=60, pen=12)
    y, x = np.mgrid[:300, :400] / 400
    shaded = np.clip(sheet - shadow(x, y), 0, 255).astype(np.uint8)
    prepared = prepare(255 - shaded if negative else shaded)
    assert prepared.single is not None
    assert prepared.dark_on_light is not negative
    assert difference(prepared.single.crop, clean(sheet).crop) < 12


def test_a_shadow_over_half_the_sheet_is_not_taken_for_ink() -> None:
    sheet = written("5", height=200, width=200, pen=12)
    light = np.ones((200, 200))
    light[:, 90:] = 0.55
    prepared = prepare((sheet * cv2.blur(light, (11, 11))).astype(np.uint8))
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert difference(prepared.single.crop, clean(sheet).crop) < 10


def test_noise_does_not_hide_a_digit() -> None:
    noise = np.random.default_rng(1).normal(0, 12, (300, 400))
    plain = written("3", height=300, width=400, paper=200, ink=60, pen=14)
    single = clean(np.clip(plain + noise, 0, 255).astype(np.uint8))
    assert is_near(single.box, ink_of(plain), 6)


@pytest.mark.parametrize("strength", [15, 30])
def test_a_picture_taken_in_the_dark_is_smoothed(strength: int) -> None:
    grain = np.random.default_rng(0).normal(0, strength, (240, 240))
    plain = written("5", height=240, width=240, pen=14, paper=140, ink=40)
    noisy = clean(np.clip(plain + grain, 0, 255).astype(np.uint8))
    assert difference(noisy.crop, clean(plain).crop) < 12


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (300, 400), (1, 1), (1, 50), (3, 2000)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_nothing_in_it(shape: tuple[int, int], level: int) -> None:
    prepared = prepare(np.full(shape, level, np.uint8))
    assert (prepared.single, prepared.sheet) == (None, None)


@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (300, 300), (900, 1200)])
@pytest.mark.parametrize("strength", [1, 3, 8, 20])
def test_noise_alone_is_nothing(shape: tuple[int, int], strength: int) -> None:
    noise = np.random.default_rng(strength).normal(190, strength, shape)
    prepared = prepare(np.clip(noise, 0, 255).astype(np.uint8))
    assert (prepared.single, prepared.sheet) == (None, None)


def test_a_shadow_on_blank_paper_is_nothing() -> None:
    y, x = np.mgrid[:300, :400]
    prepared = prepare((120 + x / 5 + y / 8).astype(np.uint8))
    assert (prepared.single, prepared.sheet) == (None, None)


@pytest.mark.parametrize("text", ["10", "0472", "2026", "123456"])
def test_several_marks_are_no_single_digit_and_all_are_on_the_sheet(text: str) -> None:
    prepared = prepare(written(text))
    assert prepared.single is None
    assert len(part_boxes(prepared)) == len(text)
    assert part_boxes(prepared)[0].left < part_boxes(prepared)[-1].left


def test_rows_are_on_one_sheet() -> None:
    sheet = np.vstack((written("12", width=500), written("34", width=500)))
    boxes = part_boxes(prepare(sheet))
    assert sorted(box.top // 200 for box in boxes) == [0, 0, 1, 1]


@pytest.mark.parametrize("text", list("0123456789"))
def test_a_clean_digit_is_read_by_both_networks(text: str) -> None:
    prepared = prepare(written(text))
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(written(text)), 2)
    assert part_boxes(prepared) == [prepared.single.box]


@pytest.mark.parametrize(
    ("start", "end", "pen"),
    [((20, 175), (280, 175), 4), ((40, 30), (40, 170), 3), ((230, 40), (230, 160), 8), ((240, 150), (250, 160), 8)],
    ids=["underline", "printed line", "stroke", "point"],
)
def test_whatever_stands_beside_a_digit_leaves_no_single_one_and_is_on_the_sheet(
    start: tuple[int, int], end: tuple[int, int], pen: int
) -> None:
    sheet = written("5", width=300)
    cv2.line(sheet, start, end, 0, pen)
    prepared = prepare(sheet)
    assert prepared.single is None
    assert len(part_boxes(prepared)) == 2


def test_a_frame_or_a_ring_around_a_digit_leaves_no_single_one() -> None:
    framed, ringed = written("5", width=300), written("5", width=300)
    cv2.rectangle(framed, (10, 10), (289, 189), 0, 3)
    cv2.ellipse(ringed, (150, 100), (110, 85), 20, 0, 360, 0, 4)
    assert prepare(framed).single is None
    assert prepare(ringed).single is None


def test_a_stroke_across_a_digit_is_one_mark_with_it() -> None:
    sheet = written("5", width=300)
    cv2.line(sheet, (90, 112), (210, 108), 0, 6)
    assert is_near(clean(sheet).box, (87, 78, 127, 68), 4)


def test_specks_beside_a_digit_leave_it_single_and_are_not_in_its_crop() -> None:
    sheet = written("5", width=300)
    for x, y in ((20, 20), (280, 30), (150, 190), (30, 170)):
        cv2.circle(sheet, (x, y), 2, 0, -1)
    prepared = prepare(sheet)
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(written("5", width=300)), 1)
    assert difference(prepared.single.crop, clean(written("5", width=300)).crop) < 1
    assert len(part_boxes(prepared)) == 5


def test_specks_within_a_digit_s_box_are_not_in_its_crop() -> None:
    sheet = written("7", height=300, width=300, pen=10)
    plain = clean(sheet).crop
    left, top, _, height = ink_of(sheet)
    cv2.circle(sheet, (left + 8, top + height - 12), 3, 0, -1)
    assert difference(clean(sheet).crop, plain) < 1


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


def beside(side: str, breadth: int, *, text: str = "5") -> Gray:
    """Write a digit on a sheet that ends within the picture: beyond it the table is dark."""
    sheet = written(text, height=300, width=300, pen=12)
    edges = {
        "left": sheet[:, :breadth],
        "right": sheet[:, -breadth:],
        "top": sheet[:breadth],
        "bottom": sheet[-breadth:],
    }
    edges[side][:] = 30
    return sheet


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize("breadth", [45, 60])
def test_a_dark_table_beside_the_sheet_is_no_ink(side: str, breadth: int) -> None:
    prepared = prepare(beside(side, breadth))
    plain = written("5", height=300, width=300, pen=12)
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert is_near(prepared.single.box, ink_of(plain), 4)
    assert difference(prepared.single.crop, clean(plain).crop) < 6
    assert part_boxes(prepared) == [prepared.single.box]


def table_corner() -> Gray:
    """Write a digit on a sheet whose corner is folded: a dark triangle reaches in from the border."""
    sheet = written("5", height=300, width=300, pen=12)
    y, x = np.mgrid[:300, :300]
    sheet[x + y < 130] = 30
    return sheet


def test_a_broad_end_leaves_nothing_of_itself_on_the_sheet() -> None:
    for picture in (table_corner(), beside("top", 45)):
        sheet = prepare(picture).sheet
        assert sheet is not None
        left, top, width, height = (
            side // sheet.factor for side in ink_of(written("5", height=300, width=300, pen=12))
        )
        rest = sheet.strength.copy()
        rest[top - 4 : top + height + 4, left - 4 : left + width + 4] = 0
        assert rest.max() == 0
        assert cv2.countNonZero(sheet.mask) > 0


def test_a_stroke_that_goes_on_beyond_the_border_is_no_broad_end() -> None:
    """It is on the sheet: the number network tells whether it is a digit's."""
    sheet = written("5", width=300)
    cv2.line(sheet, (250, 0), (260, 60), 0, 8)
    prepared = prepare(sheet)
    assert prepared.single is None
    assert len(part_boxes(prepared)) == 2


def test_a_digit_cut_by_the_border_beside_a_whole_one_is_on_the_sheet() -> None:
    sheet = written("35", width=400)
    left, _, width, _ = ink_of(sheet)
    assert len(part_boxes(prepare(np.ascontiguousarray(sheet[:, : left + width - 6])))) == 2


def test_a_bold_digit_at_the_border_beside_a_thin_one_is_kept() -> None:
    sheet = np.full((200, 300), 255, np.uint8)
    cv2.putText(sheet, "3", (40, 150), cv2.FONT_HERSHEY_SIMPLEX, 4, 0, 10, cv2.LINE_AA)
    cv2.putText(sheet, "5", (190, 150), cv2.FONT_HERSHEY_SIMPLEX, 4, 0, 14, cv2.LINE_AA)
    left, _, width, _ = ink_of(sheet)
    assert len(part_boxes(prepare(np.ascontiguousarray(sheet[:, : left + width])))) == 2


def test_a_sheet_lying_askew_on_a_dark_ground_is_still_dark_on_light() -> None:
    sheet = written("5", height=220, width=220, pen=14)
    turn = cv2.getRotationMatrix2D((110, 110), 28, 1.0)
    askew = np.asarray(cv2.warpAffine(sheet, turn, (220, 220), borderValue=0), np.uint8)
    prepared = prepare(askew)
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert 60 < prepared.single.box.left < 100
    assert 50 < prepared.single.box.width < 100


def dark_label(text: str, *, width: int = 300, at: tuple[int, int] = (100, 60)) -> Gray:
    """Write in white on a black label that is stuck on a white page."""
    page = np.full((420, width + 200), 255, np.uint8)
    label = written(text, height=300, width=width, paper=0, ink=255, pen=24)
    page[at[1] : at[1] + 300, at[0] : at[0] + width] = label
    return page


@pytest.mark.parametrize("at", [(100, 60), (20, 100), (180, 30)])
def test_a_digit_on_a_dark_label_is_read_as_itself(at: tuple[int, int]) -> None:
    prepared = prepare(dark_label("5", at=at))
    plain = written("5", height=300, width=300, pen=24)
    left, top, width, height = ink_of(plain)
    assert not prepared.dark_on_light
    assert prepared.single is not None
    assert difference(prepared.single.crop, clean(plain).crop) < 8
    assert is_near(prepared.single.box, (left + at[0], top + at[1], width, height), 8)
    assert part_boxes(prepared) == [prepared.single.box]


def test_several_digits_on_a_dark_label_stand_where_they_stand_on_the_page() -> None:
    prepared = prepare(dark_label("512", width=800))
    left, top, width, _ = ink_of(written("512", height=300, width=800, pen=24))
    boxes = part_boxes(prepared)
    assert prepared.single is None
    assert len(boxes) == 3
    assert abs(boxes[0].left - left - 100) <= 8
    assert abs(boxes[-1].left + boxes[-1].width - left - width - 100) <= 8
    assert all(abs(box.top - top - 60) <= 8 for box in boxes)


def test_a_light_page_amid_a_dark_table_is_read_as_itself() -> None:
    table = np.full((500, 600), 30, np.uint8)
    table[80:420, 120:480] = written("5", height=340, width=360, pen=24)
    prepared = prepare(table)
    left, top, width, height = ink_of(written("5", height=340, width=360, pen=24))
    assert prepared.dark_on_light
    assert prepared.single is not None
    assert is_near(prepared.single.box, (left + 120, top + 80, width, height), 8)


def test_a_bold_digit_is_no_label() -> None:
    sheet = np.full((200, 300), 255, np.uint8)
    cv2.ellipse(sheet, (150, 100), (60, 70), 0, 0, 360, 0, 40)
    prepared = prepare(sheet)
    assert prepared.dark_on_light
    assert is_near(clean(sheet).box, (70, 10, 161, 181), 4)


def test_any_picture_gives_a_crop_that_follows_the_contract_and_boxes_within_itself() -> None:
    random = np.random.default_rng(7)
    seen = 0
    for _ in range(300):
        shape = tuple(random.integers(1, 90, 2))
        picture = random.integers(0, 256, shape).astype(np.uint8)
        picture = cv2.blur(picture, tuple(int(side) for side in random.integers(1, 12, 2)))
        cv2.line(picture, *(tuple(int(value) for value in random.integers(-20, 100, 2)) for _ in range(2)), 255, 3)
        prepared = prepare(picture)
        boxes = part_boxes(prepared) if prepared.sheet else []
        if prepared.single:
            seen += 1
            assert prepared.single.crop.shape == (28, 28)
            assert prepared.single.crop.max() > 0
            boxes.append(prepared.single.box)
        for box in boxes:
            assert min(box.left, box.top) >= 0
            assert min(box.width, box.height) >= 1
            assert box.left + box.width <= shape[1]
            assert box.top + box.height <= shape[0]
    assert seen > 10


ODD_SHAPES = [(1, 1), (2, 2), (1, 7), (1, 500), (500, 1), (2, 800), (800, 2), (2, 20_000), (20_000, 2), (2, 200_000)]


@pytest.mark.parametrize("shape", ODD_SHAPES, ids=str)
@pytest.mark.parametrize("pattern", ["dots", "block", "noise", "ramp"])
def test_a_picture_of_any_shape_is_prepared(shape: tuple[int, int], pattern: str) -> None:
    picture = np.full(shape, 255, np.uint8)
    if pattern == "dots":
        picture.flat[::7] = 0
    elif pattern == "block":
        picture[shape[0] // 3 :, shape[1] // 3 : 2 * shape[1] // 3 + 1] = 0
    elif pattern == "noise":
        picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    else:
        picture.flat[:] = np.linspace(0, 255, picture.size)
    prepared = prepare(picture)
    if prepared.single:
        assert prepared.single.crop.shape == (28, 28)
    if prepared.sheet:
        assert prepared.sheet.strength.shape == prepared.sheet.mask.shape
        assert prepared.sheet.parts


def test_a_picture_full_of_marks_has_no_more_parts_than_are_looked_at() -> None:
    speckled = np.full((1000, 1000), 255, np.uint8)
    speckled[::12, ::12] = speckled[1::12, ::12] = speckled[::12, 1::12] = speckled[1::12, 1::12] = 0
    prepared = prepare(cv2.resize(speckled, (2000, 2000), interpolation=cv2.INTER_NEAREST))
    assert prepared.single is None
    assert 0 < len(part_boxes(prepared)) <= 200


def test_a_large_picture_is_shrunk_before_its_ink_is_looked_for() -> None:
    """So that neither its memory nor its time grows beyond a few times a small one's."""
    sheet = prepare(written("512", height=2500, pen=180)).sheet
    assert sheet is not None
    assert sheet.factor == 4
    assert sheet.mask.size <= written("512", height=2500).size / 16


@pytest.mark.parametrize("text", ["5", "512"])
def test_preparing_twice_gives_the_same(text: str) -> None:
    first, second = (prepare(written(text)) for _ in range(2))
    assert part_boxes(first) == part_boxes(second)
    if first.single:
        assert second.single is not None
        assert np.array_equal(first.single.crop, second.single.crop)
    else:
        assert second.single is None
