"""Files whose names, contents or kinds are made to harm."""

import contextlib
import os
import socket
import struct
import zlib
from pathlib import Path

import numpy as np

from recognizer.image import decode
from recognizer.opencv import cv2
from recognizer.preparation import prepare
from tests.place import ROOT
from tests.unit.encoded import (
    chunk,
    cmyk_jpeg,
    encoded,
    gif,
    jpeg_with_exif,
    on_white,
    png,
    png_with_exif,
    stored,
    tiff,
    webp_with_exif,
)

SEVEN = (ROOT / "digits" / "seven-blue-pen.png").read_bytes()
PHOTO = (ROOT / "digits" / "five-phone-photo.jpg").read_bytes()
#: Names of files, as bytes below the watched folder.
NAMES = [
    b"\xff.png",
    rb"\xff.png",
    b"two\nlines.png",
    b"back\rward.png",
    "👩‍🔬5️⃣.png".encode(),
    b"n" * 251 + b".png",
    b"<img src=x onerror=alert(1)>.png",
    b"'\"><script>alert(1)<|script>.png",
    b"\x1b[2J\x1b]0;title\x07.png",
    "a\u202egnp.exe".encode(),
    b"\xed\xb3\xbf.png",
    b"[bold red]markup[|bold red].png",
    b"-rf",
    b"$(touch forged) %s ${x} {0}.png",
    b"'; DROP TABLE images; --",
    b"level=error event=forged row=1",
    b"sub\n\xff<b>/seven.png",
]


def variants() -> dict[str, bytes]:
    """Write one picture, a 4 of even 8x8 blocks, black or white, in every way that has to be read alike."""
    single = prepare(decode((ROOT / "digits" / "four-marker.png").read_bytes())).single
    assert single
    blocks = np.pad(np.where(single.crop > 100, 0, 255), 2, constant_values=255)
    gray = np.kron(blocks, np.ones((8, 8))).astype(np.uint8)
    width, ink = gray.shape[1], (gray < 128).astype(np.uint8)
    palette = chunk(b"PLTE", bytes([255] * 3 + [0] * 3))
    found = {
        "plain.png": encoded(".png", gray),
        "16 bit.png": encoded(".png", gray.astype(np.uint16) * 257),
        "16 bit colour.png": encoded(".png", cv2.merge([gray.astype(np.uint16) * 257] * 3)),
        "cmyk.jpg": cmyk_jpeg(blocks),
        "palette.png": png(ink, depth=8, colour=3, width=width, extra=palette),
        "palette, transparent.png": png(
            ink, depth=8, colour=3, width=width, extra=palette + chunk(b"tRNS", bytes([0, 255]))
        ),
        "grey and alpha.png": png(
            np.dstack((gray, np.full_like(gray, 255))).reshape(len(gray), -1), depth=8, colour=4, width=width
        ),
        "1 bit.png": png(np.packbits(1 - ink, axis=1), depth=1, colour=0, width=width),
        "black on transparent.png": encoded(".png", on_white(255 - gray)),
        "gif.gif": gif(gray),
    }
    writers = {
        "jpg": jpeg_with_exif,
        "png": png_with_exif,
        "webp": webp_with_exif,
        "tiff": tiff,
    }
    for ending, write in writers.items():
        found |= {f"exif {number}.{ending}": write(stored(gray, number), number) for number in range(1, 9)}
    return found


def damaged() -> dict[str, bytes]:
    """Write what is no picture, or not all of one."""
    wrong = bytearray(SEVEN)
    wrong[len(wrong) // 2] ^= 1
    return {
        "zero.png": b"",
        "one byte.png": b"\x89",
        "text.png": b"seven\n",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "half.png": SEVEN[: len(SEVEN) // 2],
        "half.jpg": PHOTO[: len(PHOTO) // 2],
        "without its end.jpg": PHOTO[:-2],
        "wrong checksum.png": bytes(wrong),
        "sound.webp": b"RIFF\x24\0\0\0WAVEfmt ",
    }


def fill(stage: Path, secret: Path) -> None:
    """Lay out all that is dropped."""
    for folder in (stage, stage / "good", stage / "bad", stage / "alike", stage / "folder.png"):
        folder.mkdir()
    for named in NAMES:
        for folder, content in ((stage / "good", SEVEN), (stage / "bad", b"")):
            path = folder / os.fsdecode(named)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    for name, data in damaged().items():
        (stage / name).write_bytes(data)
    for name, data in variants().items():
        (stage / "alike" / name).write_bytes(data)
    (stage / "link.png").symlink_to(secret)
    (stage / "link to a folder.png").symlink_to(secret.parent)
    (stage / "link to nothing.png").symlink_to("nowhere")
    (stage / "folder.png" / "seven.png").write_bytes(SEVEN)
    (stage / "forbidden.png").write_bytes(SEVEN)
    (stage / "forbidden.png").chmod(0)
    with contextlib.chdir(stage), socket.socket(socket.AF_UNIX) as server:  # a socket's path must be short
        server.bind("socket.png")


def bomb() -> bytes:
    """Write a PNG of 20,000 x 20,000 pixels, each 0; as 1 bit a pixel it is 50 MB, decoded 400."""
    rows, side = zlib.compress(bytes(20_000 * 2_501), 9), 20_000
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
