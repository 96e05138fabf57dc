"""Leave out the marks that are no digits: specks, ruled lines, frames, and what reaches in from beyond the picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.opencv import cv2
from recognizer.segmentation import Labels, Part

Mask = NDArray[np.bool_]

#: A part with less than this share of the largest part's pixels is a speck.
_SPECK_AREA = 0.015
#: A part whose longer side is less than this share of the tallest part's height is a speck.
_SPECK_SIDE = 0.1
#: A part must be this long, as a share of the picture's longer side, for what touches the border to be doubted.
_SUBSTANTIAL = 0.1
#: A part must be this high, as a share of a frame around it, for the frame not to be a digit's own loop.
_FRAMED = 0.2
#: Share of its longer side along which a part that is cut off by the border touches it; a digit touches with a stroke.
_CONTACT = 0.6
#: Parts whose heights differ by less than this factor may be digits of one row.
_ALIKE = 0.7
#: A part touching the border that is lower and narrower than this share of the tallest free part is a fragment.
_FRAGMENT = 0.5
#: Likewise a part lower than this share, however wide.
_FLAT = 0.3
#: A piece of a printed line is so many times longer than wide, has at most this share of the pen's width, and goes on
#: over at least this share of its length.
_SLENDER, _HAIR, _CONTINUED = 8, 0.6, 0.25
#: A ruled line lies within this share of the picture's depth to both sides of its middle. Its pieces are that many
#: times longer than thick; one is at least _LINE_PIECE of the picture long, all together fill _LINE_INKED of the line.
_LINE_THICKNESS, _ELONGATED, _LINE_PIECE, _LINE_INKED = 0.04, 2.5, 0.12, 0.4
#: A ruled line spans at least this share of the picture, and this many times the largest other part.
_LINE_SPAN, _LINE_EXCESS = 0.6, 1.25
#: Pixels of a picture's shorter side up to which it has no ruled lines, and of a digit's height for there to be any.
_UNRULED, _LEAST_DIGIT = 40, 8
#: An underline is at least that many times wider than high, and clear of what stands over it by this share of that
#: one's height: the foot of a 1 or a 2 that came off is nearer.
_UNDERLINE, _CLEAR_OF = 4, 0.04
#: A frame has ink on at most this share of its box.
_FRAME_INK = 0.35
#: Lines that cross each other and the border have a box of at least this share of the picture one way.
_ACROSS = 0.9
#: A panel takes at least this share of the picture, has at least this many pixels along its shorter side, and ink on at
#: least this share of its box.
_PANEL_SHARE, _PANEL, _PANEL_INK = 0.1, 32, 0.6
#: A ring around a digit has ink in at least that share of so many directions, and the digit this share of its height.
#: The dot in a 0 is lower; the slash in one is straight, and can't be told from a 1 in a ring.
_AROUND, _DIRECTIONS, _CIRCLED = 0.85, 36, 0.35
#: Depth, as a share of a part's box, of the four strips along its sides in which a frame has ink from end to end.
_STRIP = 0.15
#: Share of such a strip's length that must hold ink.
_ALONG = 0.85


def without_clutter(parts: Sequence[Part], labels: Labels) -> list[Part]:
    """Keep the parts that may belong to digits. `labels` is the `(h, w)` picture of the parts' labels."""
    if len(parts) < 2:  # noqa: PLR2004 - nothing to compare with
        return list(parts)
    kept = [part for part in parts if not _is_frame(part, parts, labels)]
    kept = _without_lines(kept, labels.shape)
    kept = [part for part in kept if not _is_underline(part, kept)]
    free = [part for part in kept if not _borders(part, labels)]
    if any(max(part.width, part.height) >= _SUBSTANTIAL * max(labels.shape) for part in free):
        tallest = max(part.height for part in free)
        kept = [part for part in kept if part in free or not _reaches_in(part, tallest, labels)]
    kept = _without_hairlines(kept, labels)
    return _without_specks(kept)


def may_be_a_one(part: Part, tallest: int, labels: Labels) -> bool:
    """Tell whether a part that was left out may be a digit after all: an upright stroke as high as the tallest one."""
    upright = part.height >= _ELONGATED * part.width
    return upright and _alike(part.height, tallest) and not _borders(part, labels)


def surrounds(part: Part, other: Part) -> bool:
    """Tell whether another part, high enough for a digit in it, lies within a part's box."""
    within = part.left < other.left and part.top < other.top and other.right < part.right and other.bottom < part.bottom
    return within and other.height >= _FRAMED * part.height


class _Span(NamedTuple):
    """A part seen along one direction: from `start` to `end` along it, from `upper` to `lower` across."""

    start: int
    end: int
    upper: int
    lower: int
    height: int

    @property
    def is_long(self) -> bool:
        return self.end - self.start >= _ELONGATED * (self.lower - self.upper)

    def lies_within(self, upper: float, lower: float) -> bool:
        return upper <= self.upper and self.lower <= lower


def _without_lines(parts: Sequence[Part], shape: tuple[int, ...]) -> list[Part]:
    """Leave out ruled lines, whole or broken: thin parts in one band that together run on far longer than a digit."""
    height, width = shape
    if min(shape) <= _UNRULED:
        return list(parts)
    level = [_Span(part.left, part.right, part.top, part.bottom, part.height) for part in parts]
    upright = [_Span(part.top, part.bottom, part.left, part.right, part.height) for part in parts]
    ruled = _ruled(level, width, height) | _ruled(upright, height, width)
    return [part for index, part in enumerate(parts) if index not in ruled] if len(ruled) < len(parts) else list(parts)


def _ruled(spans: Sequence[_Span], length: int, depth: int) -> set[int]:
    """Find the spans that make up lines, in a picture `length` long and `depth` deep."""
    thick = 2 + _LINE_THICKNESS * depth
    pieces = [span for span in spans if span.is_long and span.end - span.start >= _LINE_PIECE * length]
    found: set[int] = set()
    for piece in pieces:
        middle = (piece.upper + piece.lower) / 2
        band = {index for index, span in enumerate(spans) if span.lies_within(middle - thick, middle + thick)}
        if _is_line([spans[index] for index in band], [spans[i] for i in range(len(spans)) if i not in band], length):
            found |= band
    return found


def _is_line(band: Sequence[_Span], others: Sequence[_Span], length: int) -> bool:
    pieces = [span for span in band if span.is_long]
    if not pieces:
        return False
    extent = max(span.end for span in pieces) - min(span.start for span in pieces)
    inked = sum(span.end - span.start for span in pieces)
    digit = max((span.height for span in others), default=0)
    if digit < _LEAST_DIGIT:
        return False
    return extent >= max(_LINE_SPAN * length, _LINE_EXCESS * digit) and inked >= _LINE_INKED * extent


def _is_underline(part: Part, parts: Sequence[Part]) -> bool:
    """Tell whether a flat stroke lies apart below what is written, and reaches further to both sides than all of it."""
    if not _is_flat(part):
        return False
    over = [other for other in parts if other.left < part.right and part.left < other.right and not _is_flat(other)]
    above = [other for other in over if other.bottom <= part.bottom]
    clear = _CLEAR_OF * max((other.height for other in above), default=0)
    return bool(above) and all(
        part.left + clear <= other.left and other.right <= part.right - clear and other.bottom <= part.top - clear
        for other in above
    )


def _is_flat(part: Part) -> bool:
    return part.width >= _UNDERLINE * part.height


def find_panel(parts: Sequence[Part], labels: Labels) -> tuple[int, int, int, int] | None:
    """Find the left, top, right and bottom of a filled rectangle in which the digits stand in the ground's colour.

    A page with a dark picture on it is one. The edges given lie within it; None if there is none.
    """
    part = max(parts, key=lambda part: part.area, default=None)
    if part is None or _borders(part, labels):
        return None
    box = part.width * part.height
    if part.area < _PANEL_INK * box or box < _PANEL_SHARE * labels.size or min(part.width, part.height) < _PANEL:
        return None
    inset = 1 + min(part.width, part.height) // 32
    left, top, right, bottom = part.left + inset, part.top + inset, part.right - inset, part.bottom - inset
    ink = labels[top:bottom, left:right] == part.label
    if all(edge.mean() >= _ALONG for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1])):
        return left, top, right, bottom
    return None


def _without_specks(parts: Sequence[Part]) -> list[Part]:
    area = _SPECK_AREA * max(part.area for part in parts)
    side = _SPECK_SIDE * max(part.height for part in parts)
    return [part for part in parts if part.area >= area and max(part.width, part.height) >= side]


def _borders(part: Part, labels: Labels) -> int:
    """Count the picture's borders that the part touches."""
    height, width = labels.shape
    return sum((part.left == 0, part.top == 0, part.right == width, part.bottom == height))


def _reaches_in(part: Part, tallest: int, labels: Labels) -> bool:
    """Tell whether a part at the border is a line, a frame, a shadow or a fragment rather than a digit."""
    longer = max(part.width, part.height)
    height, width = labels.shape
    across = part.width >= _ACROSS * width or part.height >= _ACROSS * height
    corner = _borders(part, labels) > 1
    if longer < _FRAGMENT * tallest or part.height < _FLAT * tallest:
        return True
    if _contact(part, labels) >= _CONTACT * longer and (across or corner or not _alike(part.height, tallest)):
        return True
    hollow = part.area <= _FRAME_INK * part.width * part.height
    return hollow and (corner or (across and longer >= _LINE_EXCESS * tallest))


def _without_hairlines(parts: Sequence[Part], labels: Labels) -> list[Part]:
    """Leave out the pieces of printed lines: straight, far thinner than what is written, and going on beyond a gap."""
    slender = [part for part in parts if max(part.width, part.height) >= _SLENDER * min(part.width, part.height)]
    if not slender or len(slender) == len(parts):
        return list(parts)
    pen = _stroke_width(max(parts, key=lambda part: part.area), labels)
    thin = [part for part in slender if part.area <= _HAIR * pen * max(part.width, part.height)]
    return [part for part in parts if part not in thin or not _goes_on(part, labels)]


def _goes_on(part: Part, labels: Labels) -> bool:
    """Tell whether a straight part ends at the picture's border, or other ink lies in the line it is drawn along."""
    upright = part.height > part.width
    across = (part.left, part.right) if upright else (part.top, part.bottom)
    near = slice(max(0, across[0] - 1), across[1] + 1)
    band = labels[:, near] if upright else labels[near]
    others = int(((band != 0) & (band != part.label)).any(axis=1 if upright else 0).sum())
    return _borders(part, labels) > 0 or others >= _CONTINUED * max(part.width, part.height)


def _stroke_width(part: Part, labels: Labels) -> float:
    """Estimate the width of a part's strokes in pixels, by how deep its pixels lie within it."""
    ink = _ink_of(part, labels).astype(np.uint8)
    depth = cv2.distanceTransform(cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
    width: float = 4 * depth.sum() / part.area - 2
    return width


def _ink_of(part: Part, labels: Labels) -> Mask:
    """Cut a part's box out, with only its own ink."""
    ink: Mask = labels[part.top : part.bottom, part.left : part.right] == part.label
    return ink


def _alike(height: int, tallest: int) -> bool:
    return _ALIKE * tallest <= height <= tallest / _ALIKE


def _contact(part: Part, labels: Labels) -> int:
    """Count the border pixels of the picture that belong to the part."""
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return sum(int(np.count_nonzero(edge == part.label)) for edge in edges)


def _is_frame(part: Part, parts: Sequence[Part], labels: Labels) -> bool:
    """Tell whether a part runs around another one of some size: along the four sides of its box, or as a ring."""
    if part.area > _FRAME_INK * part.width * part.height:
        return False
    within = [other for other in parts if surrounds(part, other)]
    if not within:
        return False
    ink = _ink_of(part, labels)
    return _along_all_sides(ink) or (
        _ALIKE <= part.width / part.height <= 1 / _ALIKE
        and any(other.height >= _CIRCLED * part.height and not _is_straight(other, labels) for other in within)
        and _directions(ink) >= _AROUND
    )


def _along_all_sides(ink: Mask) -> bool:
    height, width = ink.shape
    down, across = max(1, round(_STRIP * height)), max(1, round(_STRIP * width))
    strips = (ink[:down].any(0), ink[-down:].any(0), ink[:, :across].any(1), ink[:, -across:].any(1))
    return all(strip.mean() >= _ALONG for strip in strips)


def _is_straight(part: Part, labels: Labels) -> bool:
    _, sides, _ = cv2.minAreaRect(np.argwhere(_ink_of(part, labels)).astype(np.float32))
    return bool(max(sides) >= _ELONGATED * min(sides))


def _directions(ink: Mask) -> float:
    """Give the share of all directions, seen from the middle, in which there is ink."""
    height, width = ink.shape
    rows, columns = np.nonzero(ink)
    angles = np.arctan2((rows - height / 2) / height, (columns - width / 2) / width)
    return float(np.histogram(angles, _DIRECTIONS, (-np.pi, np.pi))[0].astype(bool).mean())
