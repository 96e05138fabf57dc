"""Tell the ink from the ground it stands on: which is which, how strong, and whether there is any at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.opencv import cv2

#: Grey levels (of 255) between ink and ground below which a picture counts as blank, however even its ground.
_CONTRAST_FLOOR = 8
#: How many times the ground's own spread the contrast must be: noise that is cut in two by a threshold reaches 2.7.
_NOISE_FACTOR = 3.5
#: Pixels along the longer side up to which a picture is taken to be evenly lit.
_EVEN_SIDE = 40
#: Share of the picture that one side of the threshold must hold to be the ground whatever the border says.
_CLEAR_MAJORITY = 0.72
#: Share of the border that either side of the threshold must exceed for the border not to tell which is the ground.
_CLEAR_BORDER = 0.3
#: Pixels along the longer side of the small picture on which the light is estimated.
_LIGHT_SIDE = 48
#: The widest stroke that is not taken for a shadow, in pixels of that small picture.
_WIDEST_STROKE = np.ones((15, 15), np.uint8)
#: Spread of the ground's grey levels, as a share of the contrast, above which the light is evened out.
_UNEVEN = 0.08
#: Share of the picture above which ink is looked at closely, and the radius from which it is no stroke, as a share of
#: the longer side.
_MUCH, _WIDE = 0.2, 0.24
#: Share of a normal distribution that lies below its mean plus its standard deviation.
_SIGMA = 0.84

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Ink:
    """Where a picture has ink: `strength` is 0 on the ground, up to 255; `mask` is 255 on ink; both `(h, w)` uint8.

    `level` is the strength from which a pixel counts as ink.
    """

    strength: Gray
    mask: Gray
    level: float
    dark_on_light: bool


def find_ink(gray: Gray) -> Ink | None:
    """Separate ink from ground; None if there is no ink. `gray` is `(h, w)` uint8."""
    lowest, highest, _, _ = cv2.minMaxLoc(gray)
    if highest - lowest < _CONTRAST_FLOOR:
        return None
    _, bright = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark_on_light = _ground_is_bright(bright)
    bright_ink, mask = (cv2.bitwise_not(gray), cv2.bitwise_not(bright)) if dark_on_light else (gray, bright)
    ground, spread = _ground(bright_ink, mask)
    contrast = cv2.mean(bright_ink, mask=mask)[0] - ground
    if max(gray.shape) > _EVEN_SIDE and (spread > _UNEVEN * contrast or _is_area(mask)):
        return _unevenly_lit(gray)
    strength = cv2.subtract(bright_ink, (ground, 0, 0, 0)) if ground else bright_ink
    return _inked(strength, spread, contrast, dark_on_light=dark_on_light)


def _is_area(mask: Gray) -> bool:
    """Tell whether the ink is too wide for strokes: half a sheet in shadow."""
    share: float = cv2.countNonZero(mask) / mask.size
    return share > _MUCH and _widest(mask) > _WIDE * max(mask.shape)


def _unevenly_lit(gray: Gray) -> Ink | None:
    """Compare the picture with the light on it: with what stays when all that is narrower than a stroke may be goes."""
    height, width = gray.shape
    scale = _LIGHT_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    dark_on_light = _ink_is_dark(small)
    bare = cv2.morphologyEx(small, cv2.MORPH_CLOSE if dark_on_light else cv2.MORPH_OPEN, _WIDEST_STROKE)
    light = cv2.blur(bare, (5, 5))
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    strength = cv2.subtract(light, gray) if dark_on_light else cv2.subtract(gray, light)
    _, mask = cv2.threshold(strength, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ground, spread = _ground(strength, mask)
    contrast = cv2.mean(strength, mask=mask)[0] - ground
    return _inked(strength, spread, contrast, dark_on_light=dark_on_light)


def _inked(strength: Gray, spread: int, contrast: float, *, dark_on_light: bool) -> Ink | None:
    if contrast < max(_CONTRAST_FLOOR, _NOISE_FACTOR * spread):
        return None
    level = contrast / 2
    _, mask = cv2.threshold(strength, level, 255, cv2.THRESH_BINARY)
    return Ink(strength, mask, level, dark_on_light)


def _ground_is_bright(bright: Gray) -> bool:
    share: float = cv2.countNonZero(bright) / bright.size
    if share > _CLEAR_MAJORITY or share < 1 - _CLEAR_MAJORITY:
        return share > _CLEAR_MAJORITY
    border = np.concatenate((bright[0], bright[-1], bright[:, 0], bright[:, -1]))
    along: float = np.count_nonzero(border) / border.size
    if _CLEAR_BORDER < along < 1 - _CLEAR_BORDER:
        return _widest(bright) > _widest(cv2.bitwise_not(bright))
    return along > 0.5  # noqa: PLR2004 - most of it


def _widest(mask: Gray) -> float:
    """Give the radius of the largest disc that fits within a mask: strokes are narrower than the ground around them."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    widest: float = cv2.minMaxLoc(depth)[1]
    return widest


def _ink_is_dark(small: Gray) -> bool:
    """Tell by the skew of what is left without the light's slow changes: ink is the rarer and the stronger part."""
    residue: NDArray[np.float32] = small - cv2.blur(small, _WIDEST_STROKE.shape).astype(np.float32)
    return bool(np.sum(residue**3) < 0)


def _ground(bright_ink: Gray, mask: Gray) -> tuple[int, int]:
    """Give the median of the ground's levels and the spread above it (where 84 percent lie: a normal one's sigma)."""
    size = bright_ink.size - cv2.countNonZero(mask)
    if bright_ink.size - cv2.countNonZero(bright_ink) >= _SIGMA * size:
        return 0, 0
    counts = cv2.calcHist([bright_ink], [0], cv2.bitwise_not(mask), [256], [0, 256]).ravel()
    median, upper = np.searchsorted(counts.cumsum(), (0.5 * size, _SIGMA * size))
    return int(median), int(upper - median)
