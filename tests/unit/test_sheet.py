"""The ink of a picture, as large as the number network knows digits."""

from collections.abc import Sequence

import numpy as np
import pytest

from recognizer.arrays import Gray
from recognizer.components import find_components
from recognizer.ink import Ink
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, USUAL_HEIGHT, Mark
from recognizer.opencv import cv2
from recognizer.reading import Box
from recognizer.sheet import Canvas, Sheet, draw_canvas, likely_scale, make_sheet
from recognizer.symbols import SYMBOLS

#: Pixels that the network may be given at most, a little more for the margins.
MOST_PIXELS = 300_000


def sheet_of(mask: Gray, *, contrast: int = 255, factor: int = 1) -> Sheet:
    """Take a mask for a picture's ink, which differs by `contrast` from the ground."""
    strength = np.where(mask > 0, contrast, 0).astype(np.uint8)
    return make_sheet(Ink(strength, mask, contrast / 2, dark_on_light=True), *find_components(mask), factor)


def blocks(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Gray:
    """Fill boxes, as left, top, width and height, with ink."""
    mask = np.zeros(shape, np.uint8)
    for left, top, width, height in boxes:
        mask[top : top + height, left : left + width] = 255
    return mask


def canvas_of(sheet: Sheet) -> Canvas:
    return draw_canvas(sheet, likely_scale(sheet))


def ink_box(pixels: Gray) -> tuple[int, int, int, int]:
    left, top, width, height = cv2.boundingRect(cv2.compare(pixels, 110, cv2.CMP_GT))
    return left, top, width, height


def mark_at(box: Sequence[float]) -> Mark:
    left, top, width, height = box
    return Mark(1, np.eye(SYMBOLS, dtype=np.float32)[1], left + width / 2, top + height / 2, width, height)


def digits(height: int, count: int = 3) -> list[tuple[int, int, int, int]]:
    """Give the boxes of some digits side by side."""
    return [(height * (1 + place), height, height // 2, height) for place in range(count)]


@pytest.mark.parametrize("height", [6, 15, 21, 40, 100, 300])
def test_digits_of_any_height_are_drawn_as_high_as_the_network_knows_them(height: int) -> None:
    sheet = sheet_of(blocks((3 * height, 6 * height), *digits(height)))
    assert likely_scale(sheet) * height == pytest.approx(USUAL_HEIGHT)
    canvas = canvas_of(sheet)
    assert abs(ink_box(canvas.pixels)[3] - USUAL_HEIGHT) <= 3  # the canvas is a number of cells


def test_the_tiniest_digits_are_not_enlarged_without_end() -> None:
    sheet = sheet_of(blocks((10, 20), (5, 5, 1, 2), (9, 5, 1, 2)))
    assert likely_scale(sheet) == 6.0
    assert draw_canvas(sheet, 50.0).scale == 6.0


def test_the_canvas_is_a_number_of_cells_and_never_less_than_a_few() -> None:
    rng = np.random.default_rng(4)
    for _ in range(100):
        shape = (int(rng.integers(1, 120)), int(rng.integers(1, 400)))
        left, top = (int(rng.integers(side)) for side in (shape[1], shape[0]))
        sheet = sheet_of(blocks(shape, (left, top, int(rng.integers(1, 90)), int(rng.integers(1, 60)))))
        pixels = canvas_of(sheet).pixels
        assert (pixels.shape[0] % CELL_HEIGHT, pixels.shape[1] % CELL_WIDTH) == (0, 0)
        assert pixels.shape[0] >= 3 * CELL_HEIGHT
        assert pixels.shape[1] >= 3 * CELL_WIDTH
        assert pixels.dtype == np.uint8


def test_a_small_number_on_a_large_page_is_drawn_as_large_as_any_other() -> None:
    sheet = sheet_of(blocks((1500, 1100), *[(400 + 60 * place, 300, 40, 80) for place in range(3)]))
    assert likely_scale(sheet) * 80 == pytest.approx(USUAL_HEIGHT)


@pytest.mark.parametrize("rows", [2, 6, 12])
def test_digits_are_drawn_as_large_in_many_rows_as_in_one(rows: int) -> None:
    written = [(20 + 30 * column, 10 + 32 * row, 10, 21) for row in range(rows) for column in range(5)]
    assert likely_scale(sheet_of(blocks((10 + 32 * rows, 180), *written))) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "line",
    [(0, 190, 600, 4), (20, 190, 560, 4), (10, 0, 4, 200), (0, 0, 600, 3)],
    ids=["ruled line", "underline", "margin", "upper edge"],
)
def test_printed_lines_do_not_make_the_digits_smaller_or_larger(line: tuple[int, int, int, int]) -> None:
    shape, written = (200, 600), [(100 + 60 * place, 70, 10, 50) for place in range(3)]
    assert likely_scale(sheet_of(blocks(shape, *written, line))) * 50 == pytest.approx(USUAL_HEIGHT)


def test_a_frame_around_the_digits_does_not_make_them_smaller() -> None:
    mask = blocks((200, 600), *[(100 + 60 * place, 70, 10, 50) for place in range(3)])
    cv2.rectangle(mask, (10, 10), (589, 189), 255, 3)
    assert likely_scale(sheet_of(mask)) * 50 == pytest.approx(USUAL_HEIGHT)


def test_signs_and_specks_do_not_make_the_digits_larger() -> None:
    specks = [(20 + 15 * place, 20, 3, 3) for place in range(30)]
    written = [(100 + 60 * place, 70, 20, 80) for place in range(3)]
    dash = (60, 105, 25, 6)
    assert likely_scale(sheet_of(blocks((200, 600), *written, dash, *specks))) * 80 == pytest.approx(USUAL_HEIGHT)


def test_where_there_is_nothing_but_a_line_a_scale_is_found_all_the_same() -> None:
    sheet = sheet_of(blocks((200, 600), (0, 90, 600, 4)))
    assert 0 < likely_scale(sheet) <= 6
    assert canvas_of(sheet).pixels.max() > 0


@pytest.mark.parametrize("contrast", [12, 60, 255])
def test_faint_ink_is_as_strong_as_black(contrast: int) -> None:
    sheet = sheet_of(blocks((60, 100), (40, 20, 10, 21)), contrast=contrast)
    assert abs(int(sheet.strength.max()) - 230) <= 10
    assert sheet.strength.min() == 0
    assert sheet.level == pytest.approx(115)


def test_ink_amid_the_picture_has_a_margin_all_around() -> None:
    canvas = canvas_of(sheet_of(blocks((200, 300), (140, 90, 12, 21))))
    left, top, width, height = ink_box(canvas.pixels)
    tall, wide = canvas.pixels.shape
    assert all(5 <= free <= 10 for free in (left, top, wide - left - width, tall - top - height))


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_the_canvas_ends_where_the_picture_ends(side: str) -> None:
    """What goes on beyond the picture reaches the canvas's border; what does not has a margin before it."""
    bar = {"left": (0, 90, 60, 21), "right": (240, 90, 60, 21), "top": (140, 0, 12, 60), "bottom": (140, 140, 12, 60)}
    pixels = draw_canvas(sheet_of(blocks((200, 300), bar[side])), 1.0).pixels
    edges = {"left": pixels[:, 0], "top": pixels[0], "right": pixels[:, -1], "bottom": pixels[-1]}
    assert {name: int(edge.max()) > 150 for name, edge in edges.items()} == {name: name == side for name in edges}


@pytest.mark.parametrize("near", [1, 3])
def test_ink_just_before_the_picture_s_border_has_the_margin_that_is_there(near: int) -> None:
    canvas = draw_canvas(sheet_of(blocks((48, 100), (near, 14, 12, 21))), 1.0)
    assert canvas.left == 0
    assert abs(ink_box(canvas.pixels)[0] - near) <= 1


def test_boxes_map_back_to_the_picture() -> None:
    """At any scale and place, within a pixel of the picture or what one of the canvas is there."""
    rng = np.random.default_rng(6)
    for _ in range(200):
        tall, wide = (int(side) for side in rng.integers(30, 400, 2))
        left, top = (int(rng.integers(0, side - 12)) for side in (wide, tall))
        width, height = int(rng.integers(8, wide - left + 1)), int(rng.integers(8, tall - top + 1))
        sheet = sheet_of(blocks((tall, wide), (left, top, width, height)))
        canvas = draw_canvas(sheet, float(rng.uniform(0.2, 3.0)))
        found = sheet.box(canvas.on_sheet(mark_at(ink_box(canvas.pixels))))
        across, down = 1 + 1 / canvas.across, 1 + 1 / canvas.down
        assert abs(found.left - left) <= across
        assert abs(found.top - top) <= down
        assert abs(found.left + found.width - left - width) <= across
        assert abs(found.top + found.height - top - height) <= down


def test_a_box_is_in_pixels_of_the_whole_picture() -> None:
    sheet = sheet_of(blocks((60, 100), (40, 20, 10, 21)), factor=3)
    assert sheet.box(mark_at((40, 20, 10, 21))) == Box(120, 60, 30, 63)
    within = Sheet(sheet.strength, sheet.mask, sheet.components, sheet.labels, sheet.level, sheet.factor, 500, 700)
    assert within.box(mark_at((40, 20, 10, 21))) == Box(620, 760, 30, 63)


def test_a_box_ends_at_the_border_of_the_picture_and_is_never_empty() -> None:
    sheet = sheet_of(blocks((60, 100), (0, 0, 100, 60)))
    assert sheet.box(mark_at((-5, -9, 300, 300))) == Box(0, 0, 100, 60)
    assert sheet.box(mark_at((50.2, 30.2, 0.1, 0.1))) == Box(50, 30, 1, 1)


@pytest.mark.parametrize("shape", [(1, 1), (24, 9000), (9000, 24), (1500, 1500), (700, 4000), (4000, 700)])
@pytest.mark.parametrize("pattern", ["full", "stripes", "specks"])
def test_the_canvas_is_bounded_whatever_the_ink(shape: tuple[int, int], pattern: str) -> None:
    mask = np.zeros(shape, np.uint8)
    if pattern == "full":
        mask[:] = 255
    elif pattern == "stripes":
        mask[:, ::3] = 255
    else:
        mask.flat[::97] = 255
    size = canvas_of(sheet_of(mask)).pixels.size
    assert size <= MOST_PIXELS


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (2, 20_000), (20_000, 2), (2, 200_000)])
@pytest.mark.parametrize("scale", [0.5, 6.0])
def test_the_canvas_is_bounded_for_a_strip_longer_than_any_row_of_digits(shape: tuple[int, int], scale: float) -> None:
    size = draw_canvas(sheet_of(np.full(shape, 255, np.uint8)), scale).pixels.size
    assert size <= MOST_PIXELS


def test_where_digits_stand_too_far_apart_all_are_drawn_smaller() -> None:
    sheet = sheet_of(blocks((1500, 1500), (20, 20, 8, 16), (1450, 1450, 8, 16)))
    canvas = draw_canvas(sheet, 1.3)
    size = canvas.pixels.size
    assert 0.8 * 250_000 <= size <= MOST_PIXELS
    assert canvas.pixels[:, :40].max() > 100
    assert canvas.pixels[:, -40:].max() > 100
