import hashlib
import os
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer import image
from recognizer.errors import UnreadableImage
from recognizer.image import decode, open_image
from recognizer.opencv import cv2

Pixels = NDArray[np.uint8]

#: A lopsided mosaic of 8x8 blocks, so that JPEG keeps it exactly and no orientation looks like another.
MOSAIC = np.array([[255, 255, 255, 255], [255, 0, 40, 255], [255, 255, 0, 200], [255, 0, 255, 255], [90, 0, 255, 255]])
GRAY: Pixels = np.kron(MOSAIC, np.ones((8, 8))).astype(np.uint8)


def encoded(extension: str, pixels: NDArray[np.generic] = GRAY) -> bytes:
    done, buffer = cv2.imencode(extension, pixels)
    assert done
    return bytes(buffer.tobytes())


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(rows: NDArray[np.uint8], *, depth: int, colour: int, width: int = 32, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    content = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def exif(orientation: int) -> bytes:
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)


def stored(upright: Pixels, orientation: int) -> Pixels:
    """Turn an upright picture to what a camera would have stored, following the figures of the EXIF standard."""
    turns: dict[int, Callable[[Pixels], Pixels]] = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(np.transpose(p), 2),
        8: lambda p: np.rot90(p, -1),
    }
    return np.ascontiguousarray(turns[orientation](upright))


def jpeg_with_exif(pixels: Pixels, orientation: int) -> bytes:
    plain, segment = encoded(".jpg", pixels), b"Exif\0\0" + exif(orientation)
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def png_with_exif(pixels: Pixels, orientation: int) -> bytes:
    plain = encoded(".png", pixels)
    return plain[:33] + chunk(b"eXIf", exif(orientation)) + plain[33:]


def webp_with_exif(pixels: Pixels, orientation: int) -> bytes:
    lossless: bytes = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    height, width = pixels.shape
    sizes: bytes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + sizes
    content = exif(orientation)
    body = b"WEBP" + extended + lossless[12:] + b"EXIF" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(pixels: Pixels, orientation: int = 1) -> bytes:
    height, width = pixels.shape
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 274: orientation, 277: 1, 278: height}
    entries = [struct.pack("<HHII", tag, 4 if tag == 273 else 3, 1, value) for tag, value in tags.items()]
    entries.append(struct.pack("<HHII", 279, 4, 1, pixels.size))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return struct.pack("<4sI", b"II*\0", 8 + pixels.size) + pixels.tobytes() + directory


def gif(pixels: Pixels) -> bytes:
    """Write a GIF whose codes all have 8 bits: the table is cleared (128) before it could grow; 129 ends it."""
    levels, indices = np.unique(pixels, return_inverse=True)
    palette = np.zeros((128, 3), np.uint8)
    palette[: len(levels)] = levels[:, None]
    values = indices.ravel().tolist()
    codes = b"".join(bytes([128, *values[start : start + 100]]) for start in range(0, len(values), 100)) + b"\x81"
    blocks = b"".join(bytes([len(part)]) + part for part in (codes[at : at + 255] for at in range(0, len(codes), 255)))
    size = struct.pack("<HH", pixels.shape[1], pixels.shape[0])
    screen = b"GIF89a" + size + b"\xe6\0\0" + palette.tobytes()
    return screen + b"," + bytes(4) + size + b"\0\x07" + blocks + b"\0;"


def cmyk_jpeg(blocks: NDArray[np.int64]) -> bytes:
    """Write a JPEG of four inks, each 8x8 block even, as print programs do: every ink stored upside down."""
    bits, last = "", [0, 0, 0, 0]
    for level in blocks.ravel().tolist():
        for ink, value in enumerate((255, 255, 255, level)):
            difference = 8 * (value - 128) - last[ink]
            last[ink] += difference
            size = abs(difference).bit_length()
            magnitude = difference if difference >= 0 else difference + (1 << size) - 1
            bits += f"{size:04b}" + (f"{magnitude:0{size}b}" if size else "") + "0"
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

    frame = struct.pack(">BHHB", 8, 8 * len(blocks), 8 * len(blocks[0]), 4) + bytes.fromhex("011100021100031100041100")
    flat_codes = bytes([0, 0, 0, 12] + [0] * 12 + list(range(12)))
    end_of_block = bytes([1] + [0] * 15 + [0])
    return (
        b"\xff\xd8"
        + segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
        + segment(0xDB, b"\0" + b"\x01" * 64)
        + segment(0xC0, frame)
        + segment(0xC4, b"\x00" + flat_codes + b"\x10" + end_of_block)
        + segment(0xDA, bytes.fromhex("040100020003000400003f00"))
        + scan
        + b"\xff\xd9"
    )


def on_white(alpha: Pixels) -> Pixels:
    return cv2.merge([np.zeros_like(alpha)] * 3 + [alpha])  # type: ignore[no-any-return]


def reason(path: Path) -> str:
    with pytest.raises(UnreadableImage) as caught:
        open_image(os.fsencode(path))
    return str(caught.value)


def why(data: bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        decode(data)
    return str(caught.value)


def test_picture_tells_pixels_size_time_and_digest(tmp_path: Path) -> None:
    path, data = tmp_path / "seven.png", encoded(".png")
    path.write_bytes(data)
    os.utime(path, ns=(5, 1_234_567_890_123_456_789))
    picture = open_image(os.fsencode(path))
    assert np.array_equal(picture.gray, GRAY)
    assert picture.gray.dtype == np.uint8
    assert (picture.size, picture.mtime_ns) == (len(data), 1_234_567_890_123_456_789)
    assert picture.digest == hashlib.sha256(data).hexdigest()


def test_a_name_that_is_not_utf8_is_opened(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe 7.png"
    with open(path, "wb") as file:  # pathlib knows no bytes
        file.write(encoded(".png"))
    assert np.array_equal(open_image(path).gray, GRAY)


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
def test_every_orientation_is_turned_upright(write: Callable[[Pixels, int], bytes], orientation: int) -> None:
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


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert reason(tmp_path / "empty.png") == "the file is empty"


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
def test_too_many_pixels_are_refused_from_the_header(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_pixels", None)  # would be called to decode
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


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    path.write_bytes(encoded(".png"))
    with pytest.raises(UnreadableImage, match="bytes is more than the 50 allowed"):
        open_image(os.fsencode(path), max_bytes=50)


def test_a_vanished_file_is_told_apart(tmp_path: Path) -> None:
    assert reason(tmp_path / "gone.png") == image.VANISHED == "vanished"
    (tmp_path / "file").touch()
    assert reason(tmp_path / "file" / "gone.png") == "vanished"


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "seven.png").write_bytes(encoded(".png"))
    (tmp_path / "link.png").symlink_to(tmp_path / "seven.png")
    assert reason(tmp_path / "link.png") == "a symbolic link; only regular files are read"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path) == "not a regular file"


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(tmp_path / "pipe.png") == "not a regular file"


def test_what_is_no_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(os, "open", None)  # would let a writer who waits at the pipe go on
    assert reason(tmp_path / "pipe.png") == reason(tmp_path) == "not a regular file"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        assert reason(Path("socket.png")) == "not a regular file"


def test_denied_permission_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)  # the one who runs the tests may be allowed everything
    assert reason(Path(__file__)) == "permission denied"


def test_any_other_failure_is_told_in_the_system_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    assert reason(Path(__file__)) == "Input/output error"


def test_a_zero_byte_in_a_path_is_refused() -> None:
    assert reason(Path("a\0b.png")) == "not a file name"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growing.png"
    path.write_bytes(encoded(".png"))
    status = os.fstat

    def grow(descriptor: int) -> os.stat_result:
        before = status(descriptor)
        with path.open("ab") as file:
            file.write(b"more")
        return before

    monkeypatch.setattr(os, "fstat", grow)
    assert reason(path) == "the file changed while it was read"


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    for _ in range(3):
        reason(tmp_path)
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        reason(tmp_path)
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("error", [MemoryError(), cv2.error("no memory")])
def test_a_failing_decoder_becomes_a_reason(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(image, "_pixels", fail)
    expected = "memory" if isinstance(error, MemoryError) else "damaged"
    assert expected in why(encoded(".png"))


def test_a_decoder_out_of_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    error = cv2.error("Failed to allocate")
    error.code = cv2.Error.StsNoMem

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(image, "_pixels", fail)
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
