"""Every way to write a picture gives the same pixels."""

from collections.abc import Callable

import numpy as np
import pytest

from recognizer.arrays import Gray
from recognizer.image import decode
from recognizer.opencv import cv2
from tests.unit.encoded import (
    GRAY,
    MOSAIC,
    chunk,
    cmyk_jpeg,
    encoded,
    exif,
    gif,
    jpeg_with_exif,
    on_white,
    png,
    png_with_exif,
    stored,
    tiff,
    webp_with_exif,
)


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff", ".webp", ".pgm", ".jpg"])
def test_every_format_gives_the_pixels_of_the_plain_png(extension: str) -> None:
    pixels = decode(encoded(extension))
    assert np.abs(pixels.astype(int) - GRAY).max() <= (6 if extension in {".webp", ".jpg"} else 0)


def test_a_gif_gives_the_pixels_of_the_plain_png() -> None:
    assert np.array_equal(decode(gif(GRAY)), GRAY)


def test_colour_is_weighted_to_grey() -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[:, :, 2] = 255
    assert np.unique(decode(encoded(".png", red))).tolist() == [76]


def test_sixteen_bits_become_eight() -> None:
    assert np.array_equal(decode(encoded(".png", GRAY.astype(np.uint16) * 257)), GRAY)


def test_sixteen_bits_of_colour_and_transparency_become_eight_of_grey() -> None:
    deep = on_white(255 - GRAY).astype(np.uint16) * 257
    assert np.array_equal(decode(encoded(".png", deep)), GRAY)


def test_one_bit_a_pixel_is_read() -> None:
    rows = np.packbits(GRAY > 127, axis=1)
    assert np.array_equal(decode(png(rows, depth=1, colour=0)), np.where(GRAY > 127, 255, 0))


def test_a_palette_is_looked_up() -> None:
    levels, indices = np.unique(GRAY, return_inverse=True)
    palette = chunk(b"PLTE", np.repeat(levels, 3).tobytes())
    rows = indices.reshape(GRAY.shape).astype(np.uint8)
    assert np.array_equal(decode(png(rows, depth=8, colour=3, extra=palette)), GRAY)


def test_a_palette_with_a_transparent_colour_shows_its_ink() -> None:
    rows = (GRAY < 128).astype(np.uint8)
    extra = chunk(b"PLTE", bytes(6)) + chunk(b"tRNS", bytes([0, 255]))
    assert np.array_equal(decode(png(rows, depth=8, colour=3, extra=extra)), np.where(rows, 0, 255))


def test_black_on_transparency_is_laid_on_white() -> None:
    assert np.array_equal(decode(encoded(".png", on_white(255 - GRAY))), GRAY)


def test_grey_with_transparency_is_laid_on_white() -> None:
    rows = np.dstack((np.zeros_like(GRAY), 255 - GRAY)).reshape(len(GRAY), -1)
    assert np.array_equal(decode(png(rows, depth=8, colour=4)), GRAY)


def test_white_on_transparency_is_laid_on_black() -> None:
    white = on_white(255 - GRAY)
    white[:, :, :3] = 255
    assert np.array_equal(decode(encoded(".png", white)), 255 - GRAY)


def test_white_paper_with_transparent_corners_stays_on_white() -> None:
    paper = cv2.merge([GRAY] * 3 + [np.full_like(GRAY, 255)])
    paper[:8, :8, 3] = 0
    assert np.array_equal(decode(encoded(".png", paper)), GRAY)


def test_four_inks_give_the_grey_of_the_plain_png() -> None:
    assert np.abs(decode(cmyk_jpeg(MOSAIC)).astype(int) - GRAY).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("write", [jpeg_with_exif, png_with_exif, webp_with_exif, tiff])
def test_every_orientation_is_turned_upright(write: Callable[[Gray, int], bytes], orientation: int) -> None:
    pixels = decode(write(stored(GRAY, orientation), orientation))
    assert pixels.shape == GRAY.shape
    assert np.abs(pixels.astype(int) - GRAY).max() <= 6


def test_a_transparent_picture_is_turned_upright_too() -> None:
    plain = encoded(".png", on_white(255 - stored(GRAY, 6)))
    turned = plain[:33] + chunk(b"eXIf", exif(6)) + plain[33:]
    assert np.array_equal(decode(turned), GRAY)


def test_a_damaged_orientation_turns_nothing() -> None:
    plain = encoded(".png")
    for content in (b"", b"MM\0*", exif(77)):
        assert np.array_equal(decode(plain[:33] + chunk(b"eXIf", content) + plain[33:]), GRAY)


def test_pixels_lie_in_one_piece() -> None:
    assert decode(png_with_exif(stored(GRAY, 5), 5)).flags.c_contiguous
