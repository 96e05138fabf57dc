"""What is no image, not all of one, or too large is refused with a reason."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from recognizer import image
from recognizer.errors import UnreadableImage
from recognizer.image import decode
from recognizer.opencv import cv2
from tests.unit.encoded import GRAY, chunk, encoded, gif, png


def why(data: bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        decode(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"seven\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"P5 is a name for a paper size",
        bytes(100),
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    assert why(data) == "not an image"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7\n", "a PDF is not read: save its pages as PNG or JPEG"),
        (b"\0\0\0\x20ftypavif", "an AVIF picture is not read: save it as PNG or JPEG"),
        (b"\0\0\0\x18ftypheic", "a HEIC picture is not read: save it as PNG or JPEG"),
        (b"\0\0\0\x18ftypmif1", "a HEIC picture is not read: save it as PNG or JPEG"),
        (b"\xff\x0a\xfa", "a JPEG XL picture is not read: save it as PNG or JPEG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture is not read: save it as PNG or JPEG"),
        (b"II+\0\x08\0", "a BigTIFF is not read: save it as PNG or JPEG"),
        (b"8BPS\0\x01", "a Photoshop document is not read: save it as PNG or JPEG"),
    ],
)
def test_a_format_that_is_not_read_is_named(data: bytes, reason: str) -> None:
    assert why(data) == reason


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff", ".webp", ".pgm", ".jpg", ".gif"])
def test_a_truncated_image_is_refused(extension: str) -> None:
    whole = gif(GRAY) if extension == ".gif" else encoded(extension)
    for length in (12, len(whole) // 2, len(whole) - 20):
        assert why(whole[:length]) in {
            "the image is cut off",
            "the image is damaged or cut off",
            "the image has no pixels",
            "not an image",
        }


def test_a_jpeg_that_only_lacks_its_end_is_refused() -> None:
    assert why(encoded(".jpg")[:-2]) == "the image is cut off"


def test_a_small_picture_within_a_truncated_jpeg_does_not_pass_for_its_end() -> None:
    whole, thumbnail = encoded(".jpg"), encoded(".jpg", GRAY[:8, :8])
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert why(whole[:2] + segment + whole[2:-2]) == "the image is cut off"


def test_a_png_without_its_last_chunk_is_refused() -> None:
    assert why(encoded(".png")[:-12]) == "the image is cut off"


def test_a_png_with_a_wrong_checksum_is_refused() -> None:
    data = bytearray(encoded(".png"))
    data[45] ^= 1
    assert why(bytes(data)) == "the image is damaged: a checksum is wrong"


def test_a_png_whose_pixels_are_missing_is_refused() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    assert why(data) == "the image is damaged or cut off"


def test_a_jpeg_whose_segments_are_jumbled_is_refused() -> None:
    data = encoded(".jpg")
    assert why(data[:2] + b"\xff\xe0\0\x05abc" + b"junk" + data[2:]).startswith("the image is damaged")


@pytest.mark.parametrize(
    "bomb",
    [
        png(np.zeros((0, 0), np.uint8), depth=8, colour=0, width=20_000).replace(
            struct.pack(">II", 20_000, 0), struct.pack(">II", 20_000, 20_000)
        ),
        b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 20_000, -20_000, 1, 8, 0) + bytes(20),
        b"GIF89a" + struct.pack("<HH", 20_000, 20_000) + bytes(3) + b"," + bytes(9) + b"\x02\0",
        b"P5\n# a comment\n20000 20000\n255\n",
        b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X\x0a\0\0\0" + bytes(4) + (19_999).to_bytes(3, "little") * 2,
        b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", 20_000, 20_000) + b"\x01\x01\x11\0\xff\xda\0\x02\xff\xd9",
        b"II*\0\x08\0\0\0" + struct.pack("<HHHIIHHIII", 2, 256, 4, 1, 20_000, 257, 4, 1, 20_000, 0),
    ],
    ids=["png", "bmp", "gif", "pnm", "webp", "jpeg", "tiff"],
)
def test_too_many_pixels_are_refused_from_the_header(bomb: bytes) -> None:
    """There is no more than a header: to decode it would fail for another reason."""
    bomb = _with_true_checksums(bomb) if bomb.startswith(b"\x89PNG") else bomb
    assert why(bomb) == "20000 x 20000 pixels is more than the 50 million allowed"


def _with_true_checksums(data: bytes) -> bytes:
    return data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]


def test_tiles_larger_than_the_picture_count_as_its_pixels() -> None:
    numbers = [part for tag in (256, 257, 322, 323) for part in (tag, 4, 1, 8 if tag < 300 else 60_000)]
    assert "60000 x 60000" in why(b"II*\0\x08\0\0\0" + struct.pack("<H" + "HHII" * 4 + "I", 4, *numbers, 0))


def test_the_pixel_cap_can_be_set() -> None:
    with pytest.raises(UnreadableImage, match="32 x 40 pixels"):
        decode(encoded(".png"), max_pixels=1279)
    assert decode(encoded(".png"), max_pixels=1280).shape == (40, 32)


def test_no_pixels_at_all_are_refused() -> None:
    assert why(b"P5\n0 5\n255\n") == "the image has no pixels"


def test_a_decoder_that_raises_an_error_becomes_a_reason() -> None:
    larger_than_opencv_decodes = b"P5 10000 6000 255 " + bytes(60_000_000)
    with pytest.raises(UnreadableImage, match=r"^the image is damaged$"):
        decode(larger_than_opencv_decodes, max_pixels=60_000_000)


def out_of_memory() -> cv2.error:
    error = cv2.error("Failed to allocate")
    error.code = cv2.Error.StsNoMem
    return error


@pytest.mark.parametrize("error", [MemoryError(), out_of_memory()], ids=["Python", "OpenCV"])
def test_a_decoder_out_of_memory_says_so(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cv2, "imdecode", fail)
    assert why(encoded(".png")) == "there is not enough memory to decode the image"


def test_opencv_s_own_pixel_limit_is_set_before_it_loads() -> None:
    program = (
        "import os, sys; os.environ.pop('OPENCV_IO_MAX_IMAGE_PIXELS', None)\n"
        "from recognizer.opencv import cv2; import numpy\n"
        "data = numpy.frombuffer(b'P5 10000 6000 255 ' + bytes(60_000_000), numpy.uint8)\n"
        "print(cv2.getNumThreads())\n"
        "cv2.imdecode(data, 0)"
    )
    root = Path(image.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False, capture_output=True, text=True)
    assert done.stdout == "1\n"
    assert "CV_IO_MAX_IMAGE_PIXELS" in done.stderr
