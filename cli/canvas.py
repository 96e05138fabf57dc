"""Draw grey pictures and bars in a terminal: half blocks where it has the colours, plain characters elsewhere."""

from collections.abc import Iterable

import numpy as np
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from recognizer.reading import Box

#: Characters from no ink to much ink.
_RAMP = " .:-=+*#%@"
#: Filled eighths of a column, as far as block characters go.
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_UPPER_HALF = "▀"
#: The colour of what is not in the picture itself: red, green, blue.
_MARK = (255, 90, 60)
#: Largest factor by which a tiny picture is enlarged.
_MOST_ZOOM = 4


class Canvas:
    """Draws for one console, with what that console can show. A line of it holds two rows of pixels."""

    def __init__(self, console: Console) -> None:
        self._blocks = (console.encoding or "").lower().startswith("utf")
        self.coloured = self._blocks and not console.no_color and console.color_system in {"truecolor", "256"}

    def picture(
        self, gray: Gray, *, width: int, lines: int, boxes: Iterable[Box] = (), ink_is_dark: bool
    ) -> list[Text]:
        """Draw a `(h, w)` picture in at most `width` columns and `lines` lines; frame its boxes where it can."""
        small, scale = _fitted(gray, width, 2 * lines)
        if self.coloured:
            return _half_blocks(_framed(small, scale, boxes))
        return [Text(line) for line in _ramp(255 - small if ink_is_dark else small)]

    def bar(self, share: float, width: int) -> str:
        """Draw a share of 1 as a bar that takes at most `width` columns."""
        if not self._blocks:
            return "#" * round(share * width)
        full, eighths = divmod(round(share * width * 8), 8)
        return (_FULL * full + _EIGHTHS[eighths]).rstrip()


def _fitted(gray: Gray, width: int, height: int) -> tuple[Gray, float]:
    """Give the picture at the largest size that fits, and its scale; small ones grow in whole steps only."""
    scale = min(width / gray.shape[1], height / gray.shape[0])
    if scale >= 1:
        zoom = min(int(scale), _MOST_ZOOM)
        return np.repeat(np.repeat(gray, zoom, 0), zoom, 1), float(zoom)
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _framed(small: Gray, scale: float, boxes: Iterable[Box]) -> Gray:
    """Give `(h, w, 3)` colours with a frame just outside each box."""
    colours = np.repeat(small[:, :, None], 3, axis=2)
    height, width = small.shape
    for box in boxes:
        left, top = (max(0, int(edge * scale) - 1) for edge in (box.left, box.top))
        right = min(width - 1, int((box.left + box.width) * scale + 1))
        bottom = min(height - 1, int((box.top + box.height) * scale + 1))
        colours[[top, bottom], left : right + 1] = _MARK
        colours[top : bottom + 1, [left, right]] = _MARK
    return colours


def _half_blocks(colours: Gray) -> list[Text]:
    if len(colours) % 2:
        colours = np.concatenate([colours, colours[-1:]])
    return [_line(upper, lower) for upper, lower in zip(colours[::2], colours[1::2], strict=True)]


def _line(upper: Gray, lower: Gray) -> Text:
    line = Text()
    for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
        line.append(_UPPER_HALF, Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
    return line


def _ramp(ink: Gray) -> list[str]:
    if len(ink) % 2:
        ink = np.concatenate([ink, ink[-1:]])
    strength = (ink[::2].astype(int) + ink[1::2]) // 2
    return ["".join(_RAMP[level * len(_RAMP) // 256] for level in row) for row in strength.tolist()]
