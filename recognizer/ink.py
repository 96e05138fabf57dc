"""Separate a picture's ink from its ground."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recognizer.arrays import Gray
from recognizer.opencv import cv2

#: Contrast of ink and ground below which a picture is blank, in grey levels of 255.
_CONTRAST_FLOOR = 8
#: Least contrast of ink, in multiples of the ground's spread. Noise that a threshold divides reaches 2.7.
_NOISE_FACTOR = 3.5
#: Window over which noise is averaged, in pixels.
_SMOOTHED = (5, 5)
#: Least contrast of ink after that, in multiples of the ground's spread. Small pictures of noise keep blots.
_SMOOTHED_NOISE_FACTOR = 5.0
#: Longer side up to which a picture counts as evenly lit, in pixels.
_EVEN_SIDE = 40
#: Share of the picture from which one side of the threshold is the ground. The border is not asked then.
_CLEAR_MAJORITY = 0.72
#: Share of the border that one side of the threshold needs to be the ground.
_CLEAR_BORDER = 0.3
#: Longer side of the small picture on which the light is estimated, in pixels.
_LIGHT_SIDE = 48
#: Widest stroke that is no shadow, in pixels of that small picture.
_WIDEST_STROKE = np.ones((15, 15), np.uint8)
#: Spread of the ground above which the light is evened out, as a share of the contrast.
_UNEVEN = 0.08
#: Share of the picture from which ink fills it: the soft edges of its strokes are then much of the ground.
_FILLED = 0.1
#: The same spread without those edges.
_UNEVEN_OFF_EDGES = 0.04
#: Reach of a soft edge: the picture's longer side divided by this.
_EDGE_REACH = 24
#: Least share of the picture that must be left without the edges.
_LEAST_GROUND = 0.03
#: Share of the picture above which ink may be too wide for strokes.
_MUCH = 0.2
#: Radius from which ink is no stroke, as a share of the longer side.
_WIDE = 0.24
#: Share of a normal distribution below its mean plus its standard deviation.
_SIGMA = 0.84


@dataclass(frozen=True)
class Ink:
    """A picture's ink: `strength` is 0 on the ground and up to 255, `mask` is 255 on ink; both `(h, w)` uint8.

    A pixel is ink from the strength `level` on.
    """

    strength: Gray
    mask: Gray
    level: float
    dark_on_light: bool


class _Levels(NamedTuple):
    """The ground's median, its spread above that, and the distance of the ink's mean, in grey levels of ink."""

    ground: int
    spread: int
    contrast: float

    def is_noise(self, factor: float) -> bool:
        """Tell whether the contrast is less than `factor` times the ground's spread."""
        return self.contrast < max(_CONTRAST_FLOOR, factor * self.spread)

    def is_even(self, spread: float) -> bool:
        """Tell whether the ground's spread is at most `spread`, as a share of the contrast."""
        return self.spread <= spread * self.contrast


def find_ink(gray: Gray) -> Ink | None:
    """Separate ink from ground; gives None without ink. `gray` is `(h, w)` uint8.

    A picture that is all noise is smoothed and tried again, as photographs taken in the dark have ink below the noise.
    """
    ink = _separated(gray, _NOISE_FACTOR)
    if ink is None and max(gray.shape) > _EVEN_SIDE:
        return _separated(cv2.blur(gray, _SMOOTHED), _SMOOTHED_NOISE_FACTOR)
    return ink


def _separated(gray: Gray, noise_factor: float) -> Ink | None:
    lowest, highest, _, _ = cv2.minMaxLoc(gray)
    if highest - lowest < _CONTRAST_FLOOR:
        return None
    _, bright = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark_on_light = _ground_is_bright(bright)
    bright_ink, mask = (cv2.bitwise_not(gray), cv2.bitwise_not(bright)) if dark_on_light else (gray, bright)
    levels = _levels(bright_ink, mask)
    even = levels.is_even(_UNEVEN)
    if not even and cv2.countNonZero(mask) > _FILLED * mask.size:
        levels = _levels_off_edges(bright_ink, mask)
        even = levels.is_even(_UNEVEN_OFF_EDGES)
    if max(gray.shape) > _EVEN_SIDE and (not even or _is_area(mask)):
        return _unevenly_lit(gray, noise_factor, seems_dark=dark_on_light)
    if levels.is_noise(noise_factor):
        return None
    # not by cv2.subtract: it takes the four numbers of a colour for a picture of 4 x 1 pixels
    strength = np.maximum(bright_ink, levels.ground) - np.uint8(levels.ground) if levels.ground else bright_ink
    return _inked(strength, levels, dark_on_light=dark_on_light)


def _is_area(mask: Gray) -> bool:
    """Tell whether the ink is too wide for strokes, like a shadow over half a sheet."""
    share: float = cv2.countNonZero(mask) / mask.size
    return share > _MUCH and _widest(mask) > _WIDE * max(mask.shape)


def _unevenly_lit(gray: Gray, noise_factor: float, *, seems_dark: bool) -> Ink | None:
    """Separate ink from the light on the paper: what remains when all strokes are closed.

    `seems_dark` tells whether one threshold for the whole picture finds dark ink.
    """
    scale = _LIGHT_SIDE / max(gray.shape)
    height, width = (max(1, round(side * scale)) for side in gray.shape)
    small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
    dark_on_light = _ink_is_dark(small)
    strength, mask = _off_the_light(gray, small, dark_on_light=dark_on_light)
    if dark_on_light != seems_dark and _along_border(mask) > _CLEAR_BORDER:
        # The gaps between strokes were taken for ink: where ink fills its picture it is not the rarer part.
        dark_on_light = seems_dark
        strength, mask = _off_the_light(gray, small, dark_on_light=dark_on_light)
    levels = _levels(strength, mask)
    if levels.is_noise(noise_factor):
        levels = _levels_off_edges(strength, mask)
    return None if levels.is_noise(noise_factor) else _inked(strength, levels, dark_on_light=dark_on_light)


def _off_the_light(gray: Gray, small: Gray, *, dark_on_light: bool) -> tuple[Gray, Gray]:
    """Give each pixel's distance from the light, and the mask of the ink."""
    bare = cv2.morphologyEx(small, cv2.MORPH_CLOSE if dark_on_light else cv2.MORPH_OPEN, _WIDEST_STROKE)
    light = cv2.resize(cv2.blur(bare, (5, 5)), gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    strength = cv2.subtract(light, gray) if dark_on_light else cv2.subtract(gray, light)
    _, mask = cv2.threshold(strength, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray(strength, np.uint8), np.asarray(mask, np.uint8)


def _inked(strength: Gray, levels: _Levels, *, dark_on_light: bool) -> Ink:
    level = levels.contrast / 2
    _, mask = cv2.threshold(strength, level, 255, cv2.THRESH_BINARY)
    return Ink(strength, mask, level, dark_on_light)


def _ground_is_bright(bright: Gray) -> bool:
    share: float = cv2.countNonZero(bright) / bright.size
    if share > _CLEAR_MAJORITY or share < 1 - _CLEAR_MAJORITY:
        return share > _CLEAR_MAJORITY
    along = _along_border(bright)
    if _CLEAR_BORDER < along < 1 - _CLEAR_BORDER:
        return _widest(bright) > _widest(cv2.bitwise_not(bright))
    return along > 0.5  # noqa: PLR2004 - most of it


def _along_border(mask: Gray) -> float:
    """Give the share of a picture's border that lies within a mask."""
    border = np.concatenate((mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    share: float = np.count_nonzero(border) / border.size
    return share


def _widest(mask: Gray) -> float:
    """Give the radius of the largest disc within a mask. Strokes are narrower than the ground around them."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    widest: float = cv2.minMaxLoc(depth)[1]
    return widest


def _ink_is_dark(small: Gray) -> bool:
    """Tell by the skew of the residue without slow changes of light: ink is rarer and stronger than ground."""
    residue = np.asarray(small - cv2.blur(small, _WIDEST_STROKE.shape).astype(np.float32), np.float32)
    return bool(np.sum(residue**3) < 0)


def _levels(bright_ink: Gray, mask: Gray, near: Gray | None = None) -> _Levels:
    """Measure a picture whose ink is bright. `mask` is the ink, and the ground is what lies outside of `near`.

    Without `near` the ground is what lies outside of `mask`. Its spread ends where 84% of it lie: a normal sigma.
    """
    inked = mask if near is None else near
    ink = cv2.mean(bright_ink, mask=mask)[0]
    size = bright_ink.size - cv2.countNonZero(inked)
    if near is None and bright_ink.size - cv2.countNonZero(bright_ink) >= _SIGMA * size:
        return _Levels(0, 0, ink)
    counts = cv2.calcHist([bright_ink], [0], cv2.bitwise_not(inked), [256], [0, 256]).ravel()
    median, upper = np.searchsorted(counts.cumsum(), (0.5 * size, _SIGMA * size))
    return _Levels(int(median), int(upper - median), ink - int(median))


def _levels_off_edges(bright_ink: Gray, mask: Gray) -> _Levels:
    """Measure without the strokes' soft edges, which are most of the ground where ink fills its picture."""
    reach = max(1, max(mask.shape) // _EDGE_REACH)
    # Row by row, then column by column, and no further than the picture: a square kernel would grow with its area.
    across, down = (2 * min(reach, side) + 1 for side in mask.shape[::-1])
    near = np.asarray(cv2.dilate(cv2.dilate(mask, np.ones((1, across), np.uint8)), np.ones((down, 1), np.uint8)))
    enough = mask.size - cv2.countNonZero(near) >= _LEAST_GROUND * mask.size
    return _levels(bright_ink, mask, near if enough else None)
