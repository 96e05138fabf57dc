"""Any array that the gate can give is prepared and read: no shape and no pattern is an error."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from recognizer.arrays import Cells
from recognizer.contract import SIDE
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, OUTPUTS
from recognizer.opencv import cv2
from recognizer.preparation import Prepared, prepare
from recognizer.sheet import draw_canvas, likely_scale
from recognizer.sheet_reader import read_sheet

Pixels = NDArray[np.uint8]

SIDES = st.one_of(st.integers(1, 60), st.sampled_from([100, 256, 700]))
ANY = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@dataclass(frozen=True)
class Pattern:
    """What is drawn: squares of `step` pixels, lines of `width` in two grey levels, with so much noise."""

    kind: str
    height: int
    width: int
    step: int
    line: int
    levels: tuple[int, int]
    noise: int

    def draw(self) -> Pixels:
        down, across = np.indices((self.height, self.width))
        marked = {
            "checkerboard": (down // self.step + across // self.step) % 2 == 1,
            "grid": (down % self.step < self.line) | (across % self.step < self.line),
            "lines": down % self.step < self.line,
            "columns": across % self.step < self.line,
            "disc": np.hypot(down - self.height / 2, across - self.width / 2) < self.step,
            "frame": np.minimum(np.minimum(down, self.height - 1 - down), np.minimum(across, self.width - 1 - across))
            < self.line,
            "one pixel": (down == self.step % self.height) & (across == self.line % self.width),
            "gradient": np.zeros((self.height, self.width), bool),
        }[self.kind]
        ground = across * self.levels[1] // self.width if self.kind == "gradient" else self.levels[0]
        noise = np.random.default_rng(self.step).normal(0, self.noise, marked.shape) if self.noise else 0
        return np.asarray(np.clip(np.where(marked, self.levels[1], ground) + noise, 0, 255), np.uint8)


PATTERNS = st.builds(
    Pattern,
    kind=st.sampled_from(["checkerboard", "grid", "lines", "columns", "disc", "frame", "one pixel", "gradient"]),
    height=SIDES,
    width=SIDES,
    step=st.integers(1, 80),
    line=st.integers(1, 40),
    levels=st.tuples(st.integers(0, 255), st.integers(0, 255)),
    noise=st.sampled_from([0, 0, 3, 40]),
)


def anything(canvas: Pixels) -> Cells:
    """Say of a canvas what comes to mind."""
    cells = (canvas.shape[0] // CELL_HEIGHT, canvas.shape[1] // CELL_WIDTH, OUTPUTS)
    return np.random.default_rng(canvas.size).normal(0, 2, cells).astype(np.float32)


def require_answer(picture: Pixels) -> Prepared:
    """Prepare a picture; check that the networks can take the result and that it lies within the picture."""
    prepared = prepare(picture)
    if prepared.single:
        assert prepared.single.crop.shape == (SIDE, SIDE)
        box = prepared.single.box
        assert 0 <= box.left < box.left + box.width <= picture.shape[1]
        assert 0 <= box.top < box.top + box.height <= picture.shape[0]
    if prepared.sheet:
        assert prepared.sheet.components
        assert draw_canvas(prepared.sheet, likely_scale(prepared.sheet)).pixels.size <= 300_000
        assert 0 <= read_sheet(prepared.sheet, anything).probability <= 1
    return prepared


@ANY
@given(PATTERNS)
def test_any_pattern_gives_marks_or_none(pattern: Pattern) -> None:
    require_answer(pattern.draw())


@ANY
@given(st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda shape: arrays(np.uint8, shape)))
def test_any_small_array_gives_marks_or_none(picture: Pixels) -> None:
    require_answer(picture)


@pytest.mark.parametrize("height", range(1, 9))
@pytest.mark.parametrize("width", range(1, 9))
def test_a_picture_of_any_small_shape_gives_marks_or_none(height: int, width: int) -> None:
    rng = np.random.default_rng(height * width)
    for _ in range(5):
        require_answer(rng.integers(0, 256, (height, width), np.uint8))
        require_answer(np.where(rng.random((height, width)) < 0.5, 0, 255).astype(np.uint8))
        ground, ink = rng.integers(0, 256, 2)
        require_answer(np.asarray(np.where(rng.random((height, width)) < 0.8, ground, ink), np.uint8))


@pytest.mark.parametrize("step", [1, 5, 40, 200])
def test_the_largest_grids_and_checkerboards_give_marks_or_none(step: int) -> None:
    for kind in ("grid", "checkerboard"):
        small = Pattern(kind, 1768, 1768, step, max(1, step // 5), (255, 0), 0).draw()
        require_answer(cv2.resize(small, (7070, 7070), interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize("shape", [(1, 65_535), (2, 65_535), (65_535, 3), (9, 65_535), (700, 65_535)])
def test_a_long_thin_picture_takes_no_more_memory_than_a_square_one(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    tracemalloc.start()
    try:
        prepare(picture)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


def test_a_long_picture_is_shrunk_to_what_digits_need() -> None:
    picture = np.full((700, 65_535), 255, np.uint8)
    picture[200:500, 30_000:30_060] = 0
    prepared = require_answer(picture)
    assert prepared.sheet
    assert prepared.sheet.factor == 8
