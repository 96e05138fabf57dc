"""Pictures and bars in a terminal."""

import io

import numpy as np
import pytest
from rich.console import Console

from cli.canvas import Canvas
from recognizer.reading import Box


class _File(io.StringIO):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def _canvas(*, colours: bool = True, encoding: str = "utf-8") -> Canvas:
    return Canvas(Console(file=_File(encoding), color_system="truecolor" if colours else None, force_terminal=colours))


@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (3, 3000), (3000, 2), (41, 77), (480, 640)])
@pytest.mark.parametrize("colours", [True, False])
def test_every_picture_fits_its_place(shape: tuple[int, int], colours: bool) -> None:  # noqa: FBT001 - pytest's way
    lines = _canvas(colours=colours).picture(np.zeros(shape, np.uint8), width=40, lines=10, ink_is_dark=True)
    assert 1 <= len(lines) <= 10
    assert all(1 <= line.cell_len <= 40 for line in lines)


def test_a_line_of_half_blocks_holds_two_rows_of_pixels() -> None:
    gray = np.array([[10, 20], [30, 40]], np.uint8)
    (line,) = _canvas().picture(gray, width=2, lines=1, ink_is_dark=False)
    assert line.plain == "▀▀"
    colours = [(style.color.triplet[0], style.bgcolor.triplet[0]) for style in (span.style for span in line.spans)]  # type: ignore[union-attr,index]
    assert colours == [(10, 30), (20, 40)]


@pytest.mark.parametrize("ink_is_dark", [True, False])
def test_without_colours_ink_is_dense_whatever_its_polarity(ink_is_dark: bool) -> None:  # noqa: FBT001 - pytest's way
    gray = np.full((4, 4), 255 if ink_is_dark else 0, np.uint8)
    gray[:, 2:] = 0 if ink_is_dark else 255
    lines = _canvas(colours=False).picture(gray, width=4, lines=2, ink_is_dark=ink_is_dark)
    assert [line.plain for line in lines] == ["  @@", "  @@"]


def test_boxes_are_framed_within_the_picture() -> None:
    plain = np.zeros((20, 20), np.uint8)
    lines = _canvas().picture(plain, width=20, lines=10, boxes=[Box(0, 0, 20, 20), Box(5, 5, 6, 6)], ink_is_dark=False)
    marked = [["#ff5a3c" in str(span.style) for span in line.spans] for line in lines]
    framed = np.zeros((10, 20), bool)
    framed[[0, -1]] = framed[:, [0, -1]] = True  # the whole picture
    framed[[2, 6], 4:13] = framed[2:7, [4, 12]] = True
    assert np.array_equal(marked, framed)


def test_a_terminal_without_block_characters_gets_plain_ones() -> None:
    canvas = _canvas(encoding="ascii")
    assert canvas.bar(0.5, 10) == "#####"
    assert canvas.picture(np.full((2, 2), 255, np.uint8), width=2, lines=1, ink_is_dark=False)[0].plain == "@@"


def test_a_bar_is_as_long_as_its_share_to_an_eighth_of_a_column() -> None:
    canvas = _canvas()
    assert [canvas.bar(share, 4) for share in (0.0, 0.03125, 0.5, 1.0)] == ["", "▏", "██", "████"]
