"""Read pictures that are made to take memory or time: `python -m bench.hostile`.

Each is read in a process of its own, as a reader with LiteRT does: opened, prepared and read. Given are its size, the
seconds of processor time, and how much the process's peak grew above what it held with its model, in MB.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import UnreadableImage
from recognizer.model import load_model
from recognizer.opencv import cv2
from recognizer.reader import Model, prepare_file, read
from recognizer.versions import active_version

#: Pixels along the side of the largest square that passes, and bytes that are nearly the largest file.
SIDE, BYTES = 7068, 60_000_000
#: Samples of a pixel by PNG's colour types.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_COLOURS = 3

Make = Callable[[], bytes]


def chunk(kind: bytes, content: bytes) -> bytes:
    """Write a PNG's chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(side: int, depth: int, colour: int, extra: bytes = b"", *, interlaced: bool = False) -> bytes:
    """Write an empty PNG, which is much smaller than its pixels; `extra` are chunks before them."""
    compressor, row = zlib.compressobj(9), bytes(1 + (side * _SAMPLES[colour] * depth + 7) // 8)
    content = b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def tiff(side: int, bits: int, samples: int, sample_format: int, rows: int) -> bytes:
    """Write an empty, deflated TIFF in strips of `rows` rows."""
    strip = zlib.compress(bytes(rows * side * samples * bits // 8), 9)
    strips = -(-side // rows)
    at_lengths = 8 + len(strip) + 4 * strips
    tags = {
        256: (4, 1, side), 257: (4, 1, side), 258: (3, 1, bits), 259: (3, 1, 8),
        262: (3, 1, 2 if samples >= _COLOURS else 1),
        273: (4, strips, 8 if strips == 1 else 8 + len(strip)), 277: (3, 1, samples), 278: (4, 1, rows),
        279: (4, strips, len(strip) if strips == 1 else at_lengths), 339: (3, 1, sample_format),
    }  # fmt: skip
    if samples > _COLOURS:  # the last one is transparency
        tags[338] = (3, 1, 2)
    arrays = struct.pack(f"<{2 * strips}I", *[8] * strips, *[len(strip)] * strips)
    entries = b"".join(struct.pack("<HHII", tag, *value) for tag, value in sorted(tags.items()))
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(strip) + len(arrays)) + strip + arrays + directory


def encoded(extension: str, pixels: NDArray[np.generic], *options: int) -> bytes:
    """Write a picture as OpenCV does."""
    return bytes(cv2.imencode(extension, pixels, list(options))[1].tobytes())


def noise(height: int, width: int, *samples: int) -> NDArray[np.uint8]:
    """Give a picture in which nothing is like its neighbour."""
    return np.random.default_rng(1).integers(0, 256, (height, width, *samples), np.uint8)


def scans(count: int, side: int) -> bytes:
    """Write a progressive JPEG with `count` more scans, each of which says that nothing changes."""
    whole = encoded(".jpg", np.full((side, side), 200, np.uint8), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    table = b"\xff\xc4" + struct.pack(">H", 21) + b"\x10" + bytes([1, 1, *[0] * 14]) + b"\xe0\0"
    left, bits = (-(-side // 8)) ** 2, ""
    while left:  # a code for a run of up to 32,767 empty blocks, or one code for each empty block
        run = min(left, 32_767)
        bits += "0" + format(run - 16_384, "014b") if run >= 16_384 else "10" * run  # noqa: PLR2004 - that code's least
        left -= run
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\1\0" + bytes([1, 63, 0]) + data
    return whole[:-2] + table + scan * count + whole[-2:]


def gif(screen: int, frame: int, frames: int) -> bytes:
    """Write a GIF of empty frames."""
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    one = b"\x21\xf9\x04\0\1\0\0\0\x2c" + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + b"\x02\x02\x4c\x01\0"
    return head + one * frames + b";"


def bmp(side: int, content: bytes) -> bytes:
    """Write a BMP whose runs end before its pixels do."""
    head = struct.pack("<IHHI", 1078 + len(content), 0, 0, 1078)
    return b"BM" + head + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 0, 0, 0, 256, 0) + bytes(1024) + content


def grid(step: int, width: int) -> NDArray[np.uint8]:
    """Draw ruled paper."""
    picture = np.full((SIDE, SIDE), 255, np.uint8)
    for line in range(width):
        picture[line::step] = picture[:, line::step] = 0
    return picture


def checkerboard(square: int) -> NDArray[np.uint8]:
    """Draw squares that touch at their corners."""
    across = np.arange(SIDE) // square
    return np.where((across[:, None] + across) % 2, 255, 0).astype(np.uint8)


def boxes() -> NDArray[np.uint8]:
    """Draw a label on a label on a label."""
    picture, margin, ink = np.zeros((SIDE, SIDE), np.uint8), 0, 255
    while margin < SIDE // 2 - 40:
        cv2.rectangle(picture, (margin, margin), (SIDE - 1 - margin, SIDE - 1 - margin), ink, -1)
        ink, margin = 255 - ink, margin + max(24, (SIDE - 2 * margin) // 33)
    return picture


def drawn(draw: Callable[..., NDArray[np.uint8]], *how: int) -> bytes:
    """Draw a picture and write it as PNG."""
    return encoded(".png", draw(*how), cv2.IMWRITE_PNG_COMPRESSION, 1)


def _after(head: int, whole: bytes, piece: bytes, count: int) -> bytes:
    return whole[:head] + piece * count + whole[head:]


#: Height and width of long, thin pictures.
_THIN = ((2, 50_000), (2, 65_535), (2, 200_000), (40, 65_535), (700, 65_535))
_SMALL = np.full((28, 28), 200, np.uint8)
_BLOWN = zlib.compress(bytes(7_900_000), 9)

HOSTILE: dict[str, Make] = {
    "PNG, the most in colours": lambda: png(SIDE, 8, 2),
    "PNG, the most with transparency": lambda: png(SIDE, 8, 6),
    "PNG, 16 bits with transparency": lambda: png(SIDE, 16, 6),
    "PNG, 16 bits, interlaced": lambda: png(5000, 16, 2, interlaced=True),
    "PNG, 16 bits in colours, 30 million": lambda: png(5500, 16, 2),
    "PNG, noise in colours": lambda: encoded(".png", noise(4400, 4400, 3), cv2.IMWRITE_PNG_COMPRESSION, 1),
    "PNG, 1,000 texts of 8 MB": lambda: png(28, 8, 0, chunk(b"zTXt", b"Comment\0\0" + _BLOWN) * 1000),
    "PNG, 900 XMP texts of 8 MB": lambda: png(28, 8, 0, chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + _BLOWN) * 900),
    "PNG, colour profile of 1 GB": lambda: png(28, 8, 2, chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(10**9), 9))),
    "PNG, 4 million empty chunks": lambda: png(28, 8, 0, chunk(b"prVt", b"") * 4_000_000),
    "PNG, 65,000 empty chunks": lambda: png(28, 8, 0, chunk(b"prVt", b"") * 65_000),
    "TIFF, float64": lambda: tiff(SIDE, 64, 4, 3, SIDE),
    "TIFF, 16 bits with transparency": lambda: tiff(SIDE, 16, 4, 1, 64),
    "TIFF, 16 bits, one strip": lambda: tiff(4000, 16, 3, 1, 4000),
    "TIFF, colours, one strip": lambda: tiff(4500, 8, 3, 1, 4500),
    "TIFF, colours, a strip a row": lambda: tiff(SIDE, 8, 3, 1, 1),
    "JPEG, 40,000 scans": lambda: scans(40_000, 7064),
    "JPEG, 90 scans": lambda: scans(90, 7064),
    "JPEG, progressive noise": lambda: encoded(".jpg", noise(5300, 5300, 3), cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "JPEG, noise in colours": lambda: encoded(".jpg", noise(6000, 6000, 3), cv2.IMWRITE_JPEG_QUALITY, 92),
    "JPEG, 15 million empty comments": lambda: _after(2, encoded(".jpg", _SMALL), b"\xff\xfe\0\2", 15_000_000),
    "JPEG, 60 MB of fill bytes": lambda: _after(2, encoded(".jpg", _SMALL), b"\xff", BYTES),
    "JPEG, 900 EXIF blocks": lambda: _after(
        2, encoded(".jpg", _SMALL), b"\xff\xe1\xff\xfeExif\0\0MM\0*\0\0\0\x08\x15\x50" + bytes(65_516), 900
    ),
    "JPEG, 60 MB of stuffed bytes": lambda: encoded(".jpg", _SMALL)[:-2] + b"\xff\0" * (BYTES // 2) + b"\xff\xd9",
    "JPEG, a restart a block": lambda: encoded(
        ".jpg", np.full((7000, 7000), 200, np.uint8), cv2.IMWRITE_JPEG_RST_INTERVAL, 1
    ),
    "GIF, 2 million frames": lambda: gif(28, 28, 2_000_000),
    "GIF, the most": lambda: gif(4500, 4500, 1),
    "GIF, a frame larger than its screen": lambda: gif(1, 65_535, 1),
    "GIF, 20 million empty blocks": lambda: gif(28, 28, 0)[:19] + b"\x21\xfe\0" * 20_000_000,
    "WebP, lossy noise": lambda: encoded(".webp", noise(4000, 4000, 3), cv2.IMWRITE_WEBP_QUALITY, 30),
    "WebP, lossless noise": lambda: encoded(".webp", noise(3000, 3000, 3), cv2.IMWRITE_WEBP_QUALITY, 101),
    "WebP, the most": lambda: encoded(".webp", np.full((SIDE, SIDE, 3), 128, np.uint8), cv2.IMWRITE_WEBP_QUALITY, 50),
    "BMP, 49 million pixels of 2 bytes": lambda: bmp(7000, b"\0\1"),
    "BMP, 49 million pixels of 15 million steps": lambda: bmp(7000, b"\0\2\1\1" * 15_000_000),
    "PGM, numbers as text": lambda: b"P2\n5000 5000\n255\n" + b"0 " * 25_000_000,
    "PGM, 60 MB of spaces": lambda: b"P5" + b" " * BYTES + b"x",
    "PGM, 30 million comments": lambda: b"P5 " + b"#\n" * 30_000_000,
    "noise": partial(drawn, noise, 6000, 6000),
    **{f"checkerboard of {one}": partial(drawn, checkerboard, one) for one in (1, 4, 8, 64)},
    **{f"grid of {one}": partial(drawn, grid, one, one // 5) for one in (40, 200)},
    "labels on labels": partial(drawn, boxes),
    **{f"noise, {height} x {width:,}": partial(drawn, noise, height, width) for height, width in _THIN},
}


@dataclass(frozen=True)
class Cost:
    """What reading one picture took: seconds of the processor, bytes above the start, and the answer."""

    seconds: float
    memory: int
    answer: str


def measure(path: Path, model_dir: Path) -> Cost:
    """Read a picture in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.hostile", "--read", str(path), "--model-dir", str(model_dir)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return Cost(**json.loads(done.stdout))


def cost_of(path: Path, model: Model) -> Cost:
    """Read a picture in this process."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before, began = _peak(), time.process_time()
    try:
        (reading,) = read([prepare_file(os.fsencode(path)).prepared], model)
        answer = f"{reading.verdict.value}: {reading.reason}"
    except UnreadableImage as error:
        answer = f"failed: {error}"
    return Cost(time.process_time() - began, _peak() - before, answer)


def _peak() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def costs(model_dir: Path, words: str) -> Iterator[tuple[str, int, Cost]]:
    """Make and read each picture whose name has the words; gives name, bytes and cost."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "hostile"
        for name, make in HOSTILE.items():
            if words in name:
                path.write_bytes(make())
                yield name, path.stat().st_size, measure(path, model_dir)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="words of the names of the pictures to read")
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        model = load_model(given.model_dir, active_version(given.model_dir), "litert")
        print(json.dumps(vars(cost_of(given.read, model))))
        return
    print(f"{'picture':<40}{'bytes':>12}{'seconds':>9}{'MB':>6}  answer")
    for name, size, cost in costs(given.model_dir, given.only):
        print(f"{name:<40}{size:>12,}{cost.seconds:>9.2f}{cost.memory / 1e6:>6.0f}  {cost.answer}", flush=True)


if __name__ == "__main__":
    main()
