"""What a picture's header says of memory holds, for any shape, depth and format; the largest stay below the limit."""

import contextlib
import gc
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.hostile import HOSTILE, measure
from recognizer.errors import UnreadableImage
from recognizer.formats import read_header
from recognizer.header import MAX_MEMORY
from recognizer.image import decode
from recognizer.opencv import cv2
from recognizer.reader import prepare_file
from recognizer.versions import SHIPPED

pytestmark = pytest.mark.linux  # it reads what Linux says of the process

#: Bytes by which the process may grow beside what one picture takes: libraries' tables, the allocator's rests.
SLACK = 24_000_000
#: Times that a picture is decoded before its growth counts as too large.
TRIES = 4
#: Bytes that preparing and reading add: the prepared sheet, and what the number network needs for its largest canvas.
READING = 100_000_000
#: Pixels of a WebP's side, in its 14 bits.
MOST_WEBP = 16_383
#: Depths, samples and options of what OpenCV writes.
FORMATS = {
    ".png": ((8, 16), (1, 3, 4), ()),
    ".tiff": ((8, 16), (1, 3, 4), ()),
    ".bmp": ((8,), (1, 3, 4), ()),
    ".webp": ((8,), (3, 4), (cv2.IMWRITE_WEBP_QUALITY, 101)),
    ".jpg": ((8,), (1, 3), ()),
    ".jpeg": ((8,), (1, 3), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    ".pgm": ((8, 16), (1,), ()),
    ".ppm": ((8, 16), (3,), ()),
    ".gif": ((8,), (3,), ()),
}


@dataclass(frozen=True)
class Drawn:
    """A picture of a format, its samples and their depth, its shape, and whether it is noise."""

    extension: str
    depth: int
    samples: int
    height: int
    width: int
    noise: bool

    def write(self) -> bytes:
        shape = (self.height, self.width, self.samples) if self.samples > 1 else (self.height, self.width)
        of_depth = np.uint8 if self.depth == 8 else np.uint16
        pixels = np.full(shape, 200, of_depth)
        if self.noise:
            pixels = np.random.default_rng(self.height).integers(0, 2**self.depth, shape, of_depth)
        return bytes(cv2.imencode(self.extension, pixels, FORMATS[self.extension][2])[1].tobytes())


def pictures(longest: int) -> st.SearchStrategy[Drawn]:
    """Draw pictures of up to 6 million pixels."""

    def of(extension: str) -> st.SearchStrategy[Drawn]:
        depths, samples, _ = FORMATS[extension]
        side = min(longest, MOST_WEBP) if extension == ".webp" else longest
        height = st.integers(1, side)
        return height.flatmap(
            lambda height: st.builds(
                Drawn,
                st.just(extension),
                st.sampled_from(depths),
                st.sampled_from(samples),
                st.just(height),
                st.integers(1, min(side, 6_000_000 // height)),
                st.booleans(),
            )
        )

    return st.sampled_from(sorted(FORMATS)).flatmap(of)


def peak(what: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what))


def growth(picture: Drawn, data: bytes) -> int:
    """Decode a picture once; give the bytes by which the process grew at its peak."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = peak("VmRSS")
    try:
        decode(data)
    except UnreadableImage:
        assert picture.extension == ".gif"  # OpenCV writes some that it can't read
    return peak("VmHWM") - before


def require_estimate(picture: Drawn) -> None:
    """Compare what the process grows by with what the picture's header says.

    The allocator's own pages only add to it, and not each time: so the least of a few counts.
    """
    data = picture.write()
    most = read_header(data).memory(0) + SLACK
    grown = [growth(picture, data)]
    while grown[-1] > most and len(grown) < TRIES:
        grown.append(growth(picture, data))
    assert min(grown) <= most, picture


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(pictures(3000))
def test_decoding_takes_no_more_than_the_header_says(picture: Drawn) -> None:
    require_estimate(picture)


@pytest.mark.long
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(pictures(30_000))
def test_decoding_takes_no_more_than_the_header_says_for_hundreds_of_pictures(picture: Drawn) -> None:
    require_estimate(picture)


@pytest.mark.long
@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(
    picture=pictures(400),
    damages=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=12),
)
def test_a_damaged_picture_is_read_or_refused_within_the_limit(
    picture: Drawn, damages: list[tuple[float, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(picture.write())
    for where, damage in damages:
        position = int(where * (len(data) - 1))
        data[position : position + len(damage)] = damage
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak("VmRSS")
    with contextlib.suppress(UnreadableImage):
        prepare_file(os.fsencode(path))
    assert peak("VmHWM") - before <= MAX_MEMORY + SLACK


@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_stays_within_the_limit(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE[name]())
    cost = measure(path, SHIPPED)
    assert cost.memory <= MAX_MEMORY + READING, cost
