"""Erase the ruled lines and frames that digits touch, so that each digit becomes a mark of its own."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recognizer.clutter import Mask, surrounds
from recognizer.ink import Ink
from recognizer.opencv import cv2
from recognizer.segmentation import Labels, Part

#: Pixels of a picture's shorter side up to which it has no ruled lines.
_UNRULED = 40
#: A line is at most so thick: pixels, and a share of the picture across it.
_THICKEST = (2, 0.04)
#: Share of its length that must hold ink, between its two ends at the picture's borders.
_INKED = 0.8
#: A frame has ink on at most this share of its box; along at least this share of each of its sides, which lie so near
#: to those of the box; and within it something of at least this share of its height: an 8 drawn with a ruler has less.
_FRAME_INK, _SIDES, _NEAR, _CONTENT = 0.6, 0.85, 0.2, 0.35
#: Where other marks of some size stand in it too it is no digit, and so much is enough.
_LEFTOVER = 0.1


def without_ruling(ink: Ink, parts: Sequence[Part], labels: Labels) -> Ink | None:
    """Erase the straight lines from border to border, and the frames, that touch what is written; None without any."""
    height, width = labels.shape
    if min(height, width) <= _UNRULED:
        return None
    large = [part for part in parts if min(part.width, part.height) > _UNRULED]
    across = [part for part in parts if part.width == width or part.height == height]
    if not (across or large):
        return None
    erased = np.zeros((height, width), np.bool_)
    for part in across:
        mask = labels == part.label
        if part.width == width:
            _mark_lines(mask, erased)
        if part.height == height:
            _mark_lines(mask.T, erased.T)
    for part in large:
        if part.area <= _FRAME_INK * part.width * part.height:
            window = (slice(part.top, part.bottom), slice(part.left, part.right))
            holds_others = any(surrounds(part, other) for other in parts)
            _mark_frame(labels[window] == part.label, erased[window], _LEFTOVER if holds_others else _CONTENT)
    if not erased.any():
        return None
    kept = np.uint8(~erased)
    return replace(ink, strength=ink.strength * kept, mask=ink.mask * kept)


def _mark_lines(ink: Mask, erased: Mask) -> None:
    """Mark in `erased` the lines from the left to the right border, but for where a stroke crosses them."""
    height, width = ink.shape
    starts, ends = (
        [run for run in _runs(border) if run[1] - run[0] <= _THICKEST[0] + _THICKEST[1] * height]
        for border in (ink[:, 0], ink[:, -1])
    )
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for start, after_start in starts if ends else ():
        end, after_end = min(ends, key=lambda run: abs(run[0] - start))
        thickness = max(after_start - start, after_end - end)
        middle = np.linspace(start + after_start - 1, end + after_end - 1, width) / 2
        upper = np.clip(np.floor(middle - thickness / 2), 0, height - 1).astype(int)
        lower = np.clip(np.ceil(middle + thickness / 2), 0, height - 1).astype(int)
        band = (rows >= upper) & (rows <= lower)
        if (ink & band).any(axis=0).mean() < _INKED:
            continue
        crossed = ink[np.maximum(upper - 1, 0), columns] & ink[np.minimum(lower + 1, height - 1), columns]
        erased |= band & ~crossed


def _mark_frame(ink: Mask, erased: Mask, content: float) -> None:
    """Mark in `erased` a frame near the sides of a part's box, and the lines across it.

    Only if what is left within it is at least `content` of its height; a stroke that crosses a side is kept.
    """
    edges = []
    for side in _seen_from_each_side(ink):
        edge = _side(side)
        if edge is None:  # most often the first one
            return
        edges.append(edge)
    marked = np.zeros_like(ink)
    for side, mark, (outer, inner) in zip(_seen_from_each_side(ink), _seen_from_each_side(marked), edges, strict=True):
        mark[:inner] |= ~_crossing(side, outer, inner)
    (_, above), (_, below), (_, left), (_, right) = edges
    within = (slice(above, len(ink) - below), slice(left, ink.shape[1] - right))
    _mark_lines(ink[within], marked[within])
    _mark_lines(ink[within].T, marked[within].T)
    rows = np.flatnonzero((ink & ~marked)[within].any(axis=1))
    if len(rows) and rows[-1] - rows[0] >= content * len(ink):
        erased |= marked


def _seen_from_each_side(picture: Mask) -> tuple[Mask, Mask, Mask, Mask]:
    """Give the picture turned so that its upper, lower, left and right side is the upper one: views, no copies."""
    return picture, picture[::-1], picture.T, picture.T[::-1]


def _side(ink: Mask) -> tuple[int, int] | None:
    """Give the rows from the first one to the outer and the inner edge of a frame's upper side; None without one."""
    near = ink[: max(2, round(_NEAR * len(ink)))]
    covered = (near[:-1] | near[1:]).mean(axis=1)
    sides = np.flatnonzero(covered >= _SIDES)
    return (int(sides[0]), int(sides[-1]) + 2) if len(sides) else None


def _crossing(ink: Mask, outer: int, inner: int) -> Mask:
    """Find what crosses a frame's upper side, from the first row to its inner edge: strokes, and all they lead to."""
    kept = np.zeros((inner, ink.shape[1]), np.bool_)
    crossed = ink[max(0, outer - 1) : outer].any(axis=0) & ink[inner : inner + 2].any(axis=0)
    if crossed.any():
        _, labels = cv2.connectedComponents(np.uint8(ink[:outer]), connectivity=8)
        kept[:outer] = np.isin(labels, np.unique(labels[-1][crossed])) & ink[:outer]
        kept[outer:] = ink[outer:inner] & crossed
    return kept


def _runs(line: Mask) -> list[tuple[int, int]]:
    """Give where each run of ink along a line of pixels starts, and the first place after it."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], line.view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
