"""What a picture may ask of its reader, and what is refused from its header, before anything is decoded."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from recognizer import image
from recognizer.errors import UnreadableImage
from recognizer.formats import read_header
from recognizer.header import MAX_MEMORY, Header
from recognizer.image import decode
from recognizer.opencv import cv2
from tests.unit.encoded import GRAY, chunk, encoded, exif, gif, jpeg_with_exif, png

SMALL = encoded(".jpg")
SCAN = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\1\0\1\x3f\0" + b"\0"


def jpeg(segments: bytes) -> bytes:
    return SMALL[:2] + segments + SMALL[2:]


def frame(kind: int, side: int = 64, samplings: bytes = b"\x11") -> bytes:
    components = b"".join(bytes([number, sampling, 0]) for number, sampling in enumerate(samplings, 1))
    content = struct.pack(">BHHB", 8, side, side, len(samplings)) + components
    return b"\xff\xd8\xff" + bytes([kind]) + struct.pack(">H", len(content) + 2) + content + SCAN + b"\xff\xd9"


def empty_png(side: int, depth: int, colour: int) -> bytes:
    head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def tiff(tags: dict[int, tuple[int, int, int]], more: bytes = b"") -> bytes:
    """Write a directory of `type, number of values, value or place`; `more` begins after it, at 10 + 12 * tags."""
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + more


def one(value: int) -> tuple[int, int, int]:
    return (4, 1, value)


SQUARE = {256: one(100), 257: one(100)}

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "many chunks in a PNG": (
        lambda: png(GRAY, depth=8, colour=0, extra=chunk(b"prVt", b"") * 70_000),
        "the image has more than 65536 chunks",
    ),
    "many scans": (lambda: SMALL[:-2] + SCAN * 101 + SMALL[-2:], "the image has more than 100 scans"),
    "scans behind an end that is none": (
        lambda: SMALL[:-2] + b"\xff\xfe\0\x04\xff\xd9" + SCAN * 101 + SMALL[-2:],
        "the image has more than 100 scans",
    ),
    "many comments in a JPEG": (lambda: jpeg(b"\xff\xfe\0\2" * 5000), "the image has more than 4096 segments"),
    "many EXIF blocks": (
        lambda: jpeg((b"\xff\xe1\0\x22Exif\0\0" + exif(1)) * 17),
        "the image has more than 16 EXIF blocks",
    ),
    "a segment that ends before it begins": (
        lambda: jpeg(b"\xff\xfe\0\0"),
        "the image is damaged: its segments do not follow each other",
    ),
    "arithmetic codes": (lambda: frame(0xC9), "a JPEG that is neither baseline nor progressive is not read"),
    "a lossless JPEG": (lambda: frame(0xC3), "a JPEG that is neither baseline nor progressive is not read"),
    "a long progressive JPEG": (
        lambda: SMALL[:-2] + SCAN + bytes(33_000_000) + SMALL[-2:],
        "bytes is more than the 32000000 allowed",
    ),
    "coefficients of four inks": (lambda: frame(0xC2, 7000, b"\x11\x11\x11\x11"), "more than the 268 MB allowed"),
    "many blocks before a GIF's picture": (
        lambda: gif(GRAY)[:397] + b"\x21\xfe" + b"\1a" * 300_000 + b"\0" + gif(GRAY)[397:],
        "the image has more than 300000 blocks",
    ),
    "many empty extensions of a GIF": (
        lambda: gif(GRAY)[:397] + b"\x21\xfe\0" * 300_000 + gif(GRAY)[397:],
        "the image has more than 300000 blocks",
    ),
    "a GIF's picture larger than its screen": (
        lambda: b"GIF89a\1\0\1\0\0\0\0," + bytes(4) + b"\xff\xff\xff\xff\0\2\0;",
        "65535 x 65535 pixels is more than the 50 million allowed",
    ),
    "many chunks in a WebP": (
        lambda: b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(10) + b"prVt\0\0\0\0" * 70_000,
        "the image has more than 65536 chunks",
    ),
    "a header of spaces": (lambda: b"P5" + b" " * 60_000_000 + b"x", "not an image"),
    "a header of comments": (lambda: b"P5 " + b"#\n" * 30_000_000, "not an image"),
    "a thin, long picture": (lambda: b"P5 200000 2 255\n" + bytes(400_000), "a side of 200000 pixels is more than the"),
    "16 bits with transparency": (lambda: empty_png(7071, 16, 6), "decoding it takes 800 MB of memory, more than the"),
    "floating numbers": (lambda: tiff(SQUARE | {258: one(64)}), "samples of 64 bits are not read"),
    "one strip of colours": (
        lambda: tiff({256: one(7000), 257: one(7000), 258: one(8), 277: one(3)}),
        "of memory, more than the 268 MB allowed",
    ),
    "values as large as the file": (lambda: tiff(SQUARE | {700: (1, 300_000_000, 8)}), "of memory, more than the"),
    "JPEG in TIFF as it was": (lambda: tiff(SQUARE | {259: one(6)}), "a TIFF with JPEG of the old kind is not read"),
    "overlapping strips": (
        lambda: tiff(SQUARE | {259: one(7), 273: (4, 2, 74), 279: (4, 2, 82)}, struct.pack("<4I", 8, 8, 60, 60)),
        "the image is damaged: its strips overlap",
    ),
    "scans in a strip": (
        lambda: tiff(SQUARE | {259: one(7), 273: one(74), 279: one(len(SCAN) * 102)}, SCAN * 102),
        "the image has more than 100 scans",
    ),
    "many strips": (
        lambda: tiff(SQUARE | {259: one(7), 273: (4, 70_000, 74), 279: (4, 70_000, 74)}, bytes(280_000)),
        "the image has more than 65536 strips",
    ),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_asks_too_much_is_refused_undecoded(
    make: Callable[[], bytes], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "_pixels", None)  # would be called to decode
    with pytest.raises(UnreadableImage) as caught:
        decode(make())
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"P5" + b" " * 2_000_000, png(GRAY, depth=8, colour=0, extra=chunk(b"prVt", bytes(10**7)))]
)
def test_a_header_is_read_without_copies_of_the_file(data: bytes) -> None:
    tracemalloc.start()
    try:
        read_header(data)
    except UnreadableImage:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100_000


def test_what_a_png_s_pixels_do_not_need_is_not_given_to_the_decoder() -> None:
    blown = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**6)))
    plain, extra = encoded(".png"), blown * 3 + chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"eXIf", exif(3))
    data = plain[:33] + extra + plain[33:]
    assert read_header(data).bare == plain
    assert np.array_equal(decode(data), GRAY[::-1, ::-1])
    assert read_header(plain).bare is None


def test_a_gif_s_later_pictures_are_not_given_to_the_decoder() -> None:
    first, data = gif(GRAY), gif(GRAY)[:-1] + gif(GRAY)[397:]
    assert read_header(data).bare == first
    assert np.array_equal(decode(data), GRAY)


def test_comments_of_a_pnm_are_not_given_to_the_decoder() -> None:
    data = b"P5 # a comment\n2 #another\n\n1\n255\n\x07\x2a"
    assert read_header(data).bare == b"P5 2 1 255\n\x07\x2a"
    assert decode(data).tolist() == [[7, 42]]


def test_fill_bytes_before_a_marker_are_passed_over() -> None:
    assert np.array_equal(decode(jpeg(b"\xff" * 100_000)), decode(SMALL))


def test_a_second_picture_after_a_jpeg_s_end_is_no_part_of_it() -> None:
    """As phones append: a depth map, or what moved."""
    assert np.array_equal(decode(SMALL + b"\xff\xd8" + SCAN * 500 + b"\xff\xd9"), decode(SMALL))


def test_only_the_first_of_many_orientations_counts() -> None:
    first, second = jpeg_with_exif(GRAY, 6), jpeg_with_exif(GRAY, 3)
    assert read_header(first[: len(first) - len(encoded(".jpg")) + 2] + second[2:]).orientation == 6


def test_a_progressive_jpeg_is_read() -> None:
    data = encoded_progressive()
    assert np.abs(decode(data).astype(int) - GRAY).max() <= 6
    assert read_header(data).working >= 2 * GRAY.size


def encoded_progressive() -> bytes:
    return bytes(cv2.imencode(".jpg", GRAY, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes())


def test_a_large_png_in_colours_is_made_grey_by_its_decoder() -> None:
    assert not read_header(empty_png(5000, 8, 2)).grey
    photograph = read_header(empty_png(6984, 8, 2))  # 48 million pixels
    assert photograph.grey
    assert photograph.memory(50_000_000) < MAX_MEMORY


def test_the_decoder_s_grey_is_ours_to_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (50, 60, 3), np.uint8)
    ours = decode(encoded(".png", colours)).astype(int)
    monkeypatch.setattr("recognizer.png._LARGE", 0)
    assert np.abs(decode(encoded(".png", colours)) - ours).max() <= 1


@pytest.mark.parametrize("pixels", [800, 801_000])
def test_bands_give_what_the_whole_picture_gives(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 65_536, (900, 890, 4), np.uint16)
    whole = decode(encoded(".png", deep))
    monkeypatch.setattr(image, "_BAND", pixels)
    assert np.array_equal(decode(encoded(".png", deep)), whole)


def test_memory_counts_the_file_the_decoder_and_the_pixels() -> None:
    header = Header(10, 20, samples=4, sample_bytes=2, copies=2, working=7, bare=b"12345")
    assert header.memory(100) == 100 + 5 + 7 + 2 * 10 * 20 * 8
    assert Header(10, 20, samples=1).memory(0) == 400
