"""Hold a picture's ink as the number reader takes it, and scale it to the size that its network knows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import ComponentLabels, Gray
from recognizer.components import Component, is_frame
from recognizer.ink import Ink
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, USUAL_HEIGHT, Mark
from recognizer.opencv import cv2
from recognizer.reading import Box

#: Strength to which the ink's mean is brought.
_INK = 230.0
#: Mean strength below which shrunk ink is strengthened, and below which it is only dust.
_FAINT, _FAINTEST = 155.0, 12.0
#: Free pixels around the ink in the picture that the network takes.
_MARGIN = 7
#: Minimum number of cells of that picture, across and down.
_LEAST_CELLS = 3
#: Maximum number of pixels of that picture: some forty rows of ten digits.
_MOST_PIXELS = 250_000
#: Maximum number of its cells, across and down: a strip of the least width has no more.
_MOST_CELLS = _MOST_PIXELS // (_LEAST_CELLS * CELL_HEIGHT * CELL_WIDTH)
#: Least height of a digit's component, as a share of the highest one. Lower ones are signs, specks or a pattern.
_LOW = 0.12
#: How much a picture may be enlarged: more would only show its pixels.
_MOST_ENLARGED = 6.0
#: Least length of a printed line, as a share of the picture's side.
_SPAN = 0.6
#: Least length of a printed line, in multiples of its width.
_LINE = 6.0


@dataclass(frozen=True)
class Sheet:
    """The ink of one picture: `strength` and `mask`, both `(h, w)` uint8, its components, and their label picture.

    One pixel of it is `factor` pixels of the picture, from `left` and `top` on. `left_out` are components that reach in
    from beyond the picture and look too broad for strokes; their ink is gone.
    """

    strength: Gray
    mask: Gray
    components: tuple[Component, ...]
    labels: ComponentLabels
    level: float
    factor: int
    left: int = 0
    top: int = 0
    left_out: tuple[Component, ...] = ()

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """Left, top, right, bottom of each component, `(n, 4)`."""
        rows = [(component.left, component.top, component.right, component.bottom) for component in self.components]
        return np.array(rows, np.int64).reshape(-1, 4)

    def window(self, mark: Mark) -> Gray:
        """Give the ink's strength within the mark's box."""
        left, top, right, bottom = (max(0, round(side)) for side in mark.bounds)
        return self.strength[top : bottom + 1, left : right + 1]

    def box(self, mark: Mark) -> Box:
        """Give the mark's box in the picture's own pixels."""
        height, width = self.mask.shape
        left, top, right, bottom = mark.bounds
        sides = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        x0, y0, x1, y1 = (round(side * self.factor) for side in sides)
        return Box(x0 + self.left, y0 + self.top, max(x1 - x0, 1), max(y1 - y0, 1))


@dataclass(frozen=True)
class Canvas:
    """What the network sees of a sheet: its `pixels`, which begin at `left`, `top` of the sheet.

    `across` and `down` are the factors from the sheet's pixels to these. They differ from `scale`, which was asked for,
    by less than a cell.
    """

    pixels: Gray
    scale: float
    across: float
    down: float
    left: int
    top: int

    def on_sheet(self, mark: Mark) -> Mark:
        """Give a mark of this canvas in the sheet's pixels."""
        return replace(
            mark,
            x=mark.x / self.across + self.left,
            y=mark.y / self.down + self.top,
            width=mark.width / self.across,
            height=mark.height / self.down,
        )


def make_sheet(
    ink: Ink, components: Sequence[Component], labels: ComponentLabels, factor: int, left_out: Sequence[Component] = ()
) -> Sheet:
    """Bring a picture's ink to the usual strength."""
    strength = np.asarray(cv2.convertScaleAbs(ink.strength, alpha=_INK / (2 * ink.level)), np.uint8)
    return Sheet(strength, ink.mask, tuple(components), labels, _INK / 2, factor, left_out=tuple(left_out))


def likely_scale(sheet: Sheet) -> float:
    """Give the scale at which the components that hold most of the ink are as high as a usual digit."""
    least = _LOW * max(component.height for component in sheet.components)
    high = [component for component in sheet.components if component.height >= least]
    # Where all that is high is lines and frames, digits have grown together with them: they tell more than specks.
    likely = [
        component for component in high if not _is_line(component, sheet) and not is_frame(component, high)
    ] or high
    heights = np.array([component.height for component in likely])
    order = heights.argsort()
    # High components count more than their ink: the pieces of a pattern are many, and low.
    weights = np.array([component.area * component.height for component in likely])[order].cumsum()
    height = int(heights[order][np.searchsorted(weights, weights[-1] / 2)])
    return float(min(USUAL_HEIGHT / height, _MOST_ENLARGED))


def _is_line(component: Component, sheet: Sheet) -> bool:
    """Tell whether a component looks like a printed line, which says nothing of the digits' size."""
    tall, wide = sheet.mask.shape
    across = component.width > _SPAN * wide and component.width > _LINE * component.height
    upright = component.height > _SPAN * tall and component.height > _LINE * component.width
    return across or upright


def draw_canvas(sheet: Sheet, scale: float) -> Canvas:
    """Draw the part of a sheet that has ink, with a margin, at a scale or as near to it as the network can be given.

    Where the ink reaches the picture's border the canvas ends there too: a line that goes on beyond it is not a stroke.
    """
    x, y, width, height = cv2.boundingRect(sheet.mask)
    scale = min(scale, _MOST_ENLARGED, (_MOST_PIXELS / (width * height)) ** 0.5)
    margin = math.ceil(_MARGIN / scale)
    top, left = max(0, y - margin), max(0, x - margin)
    window = sheet.strength[top : y + height + margin, left : x + width + margin]
    tall, wide = window.shape
    size = (_to_cells(wide * scale, CELL_WIDTH), _to_cells(tall * scale, CELL_HEIGHT))
    across, down = size[0] / wide, size[1] / tall
    shrunk = cv2.INTER_AREA if max(across, down) < 1 else cv2.INTER_LINEAR
    pixels = _strengthened(np.asarray(cv2.resize(window, size, interpolation=shrunk), np.uint8))
    return Canvas(pixels, scale, across, down, left, top)


def _strengthened(pixels: Gray) -> Gray:
    """Bring ink back to its usual strength: a thin stroke grows faint when it is shrunk."""
    highest = cv2.minMaxLoc(pixels)[1]
    ink = cv2.mean(pixels, mask=cv2.compare(pixels, highest / 2, cv2.CMP_GT))[0]
    if not _FAINTEST <= ink < _FAINT:
        return pixels
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=_INK / ink), np.uint8)


def _to_cells(length: float, cell: int) -> int:
    """Give the nearest length that is a number of cells, of which there are some and not too many."""
    return min(max(round(length / cell), _LEAST_CELLS), _MOST_CELLS) * cell
