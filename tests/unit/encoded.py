"""One picture in every format, encoded here where OpenCV does not write it."""

import struct
import zlib
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Gray
from recognizer.opencv import cv2

Turn = Callable[[Gray], Gray]
#: A lopsided mosaic of 8x8 blocks, so that JPEG keeps it exactly and no orientation looks like another.
MOSAIC = np.array([[255, 255, 255, 255], [255, 0, 40, 255], [255, 255, 0, 200], [255, 0, 255, 255], [90, 0, 255, 255]])
GRAY: Gray = np.kron(MOSAIC, np.ones((8, 8))).astype(np.uint8)


def encoded(extension: str, pixels: NDArray[np.generic] = GRAY) -> bytes:
    done, buffer = cv2.imencode(extension, pixels)
    assert done
    return bytes(buffer.tobytes())


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(rows: Gray, *, depth: int, colour: int, width: int = 32, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    content = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def exif(orientation: int) -> bytes:
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)


def stored(upright: Gray, orientation: int) -> Gray:
    """Turn an upright picture to what a camera would have stored, following the figures of the EXIF standard."""
    turns: dict[int, Turn] = {
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


def jpeg_with_exif(pixels: Gray, orientation: int) -> bytes:
    plain, segment = encoded(".jpg", pixels), b"Exif\0\0" + exif(orientation)
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def png_with_exif(pixels: Gray, orientation: int) -> bytes:
    plain = encoded(".png", pixels)
    return plain[:33] + chunk(b"eXIf", exif(orientation)) + plain[33:]


def webp_with_exif(pixels: Gray, orientation: int) -> bytes:
    lossless: bytes = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    height, width = pixels.shape
    sizes: bytes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + sizes
    content = exif(orientation)
    body = b"WEBP" + extended + lossless[12:] + b"EXIF" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(pixels: Gray, orientation: int = 1) -> bytes:
    height, width = pixels.shape
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 274: orientation, 277: 1, 278: height}
    entries = [struct.pack("<HHII", tag, 4 if tag == 273 else 3, 1, value) for tag, value in tags.items()]
    entries.append(struct.pack("<HHII", 279, 4, 1, pixels.size))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return struct.pack("<4sI", b"II*\0", 8 + pixels.size) + pixels.tobytes() + directory


def gif(pixels: Gray) -> bytes:
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


def animation(extension: str, pixels: Gray) -> bytes:
    """Write what OpenCV writes of two pictures; equal ones would become one."""
    moving = cv2.Animation()
    moving.frames = [cv2.cvtColor(one, cv2.COLOR_GRAY2BGRA) for one in (pixels, 255 - pixels)]
    moving.durations = [100, 100]
    done, buffer = cv2.imencodeanimation(extension, moving)
    assert done
    return bytes(buffer.tobytes())


def tiff_pages(*pages: Gray) -> bytes:
    """Write a TIFF of several pages."""
    done, buffer = cv2.imencodemulti(".tiff", pages)
    assert done
    return bytes(buffer.tobytes())


def with_small_copy(pages: bytes) -> bytes:
    """Mark the second page of a TIFF as a small copy of the first one, as scanners add them."""
    order: Literal["<", ">"] = "<" if pages[:2] == b"II" else ">"

    def number(letter: str, at: int) -> int:
        return int(struct.unpack_from(order + letter, pages, at)[0])

    first = number("I", 4)
    second = number("I", first + 2 + 12 * number("H", first))
    assert number("H", second + 2) == 254
    return pages[: second + 10] + struct.pack(order + "I", 1) + pages[second + 14 :]


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


def on_white(alpha: Gray) -> Gray:
    return cv2.merge([np.zeros_like(alpha)] * 3 + [alpha])  # type: ignore[no-any-return]
