"""Turn a grey picture into the 28x28 crops of its digits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognizer.clutter import find_panel, may_be_a_one, without_clutter
from recognizer.contract import SIDE
from recognizer.crop import fit
from recognizer.ink import Ink, find_ink
from recognizer.mark import Mark, halves, joined
from recognizer.opencv import cv2
from recognizer.reading import Box
from recognizer.ruling import without_ruling
from recognizer.segmentation import Group, Labels, Part, find_parts, group_digits

#: Pixels that are enough to find digits in; larger pictures are shrunk towards it by a whole factor, which is fast.
_WORK_AREA = 40_000
#: The largest such factor: a page of many digits keeps enough pixels of each.
_MOST_SHRUNK = 4
#: Digits in one picture above which it is taken for something else: a texture, a page of print. One more is cut out,
#: which tells that there were too many.
MOST_DIGITS = 64
#: Pixels up to which a picture with nothing but one digit in it is taken whole, its faintest edges included.
_CLEAN_AREA = 40 * 40
#: Pixels around a digit's mask in which the faint edge of its strokes is looked for.
_EDGE = 2
_NEIGHBOURS = np.ones((2 * _EDGE + 1, 2 * _EDGE + 1), np.uint8)

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Prepared:
    """The digits of one picture: `crops` is `(n, 28, 28)` uint8, white on black; `boxes` in the picture's pixels.

    `marks` is what the crops were made of; without it no other way to cut the picture into digits can be tried.
    `left_out` tells that an upright stroke as high as the digits was taken for a piece of a printed line.
    """

    crops: Gray
    boxes: tuple[Box, ...]
    dark_on_light: bool
    marks: tuple[Mark, ...] = ()
    left_out: bool = False


def prepare(gray: Gray) -> Prepared:
    """Find the digits in a `(h, w)` uint8 picture, in reading order; a blank one gives none. Pure.

    At most `MOST_DIGITS + 1` are given.
    """
    work, factor = _reduced(gray)
    ink = find_ink(work)
    if ink is None:
        return Prepared(np.empty((0, SIDE, SIDE), np.uint8), (), dark_on_light=True)
    whole = Mark(ink.strength, ink.level, 0, 0, factor)
    fitted = fit(ink.strength, ink.level)[None] if gray.size <= _CLEAN_AREA else None
    if fitted is not None and gray.shape == (SIDE, SIDE) and fitted.tobytes() == ink.strength.tobytes():
        # What the network takes already, as MNIST's pictures are: then it is one digit, broken or not.
        return Prepared(fitted, (Box(*cv2.boundingRect(ink.mask)),), ink.dark_on_light, (whole,))
    parts, labels = find_parts(ink.mask)
    if fitted is not None and len(parts) == 1:
        box = Box(parts[0].left, parts[0].top, parts[0].width, parts[0].height)
        return Prepared(fitted, (box,), ink.dark_on_light, (whole,))
    if panel := find_panel(parts, labels):
        return _within(gray, _scaled_box(panel, factor))
    if bare := without_ruling(ink, parts, labels):
        ink = bare
        parts, labels = find_parts(ink.mask)
    kept = without_clutter(parts, labels)
    groups = group_digits(kept, len(work))[: MOST_DIGITS + 1]
    boxes = tuple(_scaled_box(group.bounds, factor) for group in groups)
    if fitted is not None and len(groups) == 1 and len(groups[0].parts) == len(parts):
        return Prepared(fitted, boxes, ink.dark_on_light, (whole,))
    marks = tuple(_mark(ink, labels, group, factor) for group in groups)
    return Prepared(_crops(marks), boxes, ink.dark_on_light, marks, _leaves_out_a_one(parts, groups, labels))


def other_ways(prepared: Prepared, *, split: Sequence[int], join: Sequence[slice]) -> list[Prepared]:
    """Cut a picture into digits in other ways: each of the marks `split` in two, each of the runs `join` into one."""
    marks = prepared.marks
    cut = [(*marks[:index], *pair, *marks[index + 1 :]) for index in split for pair in halves(marks[index])]
    runs = [(run, joined(marks[run])) for run in join]
    glued = [(*marks[: run.start], mark, *marks[run.stop :]) for run, mark in runs if mark]
    return [
        replace(prepared, crops=_crops(way), boxes=tuple(mark.box for mark in way), marks=way) for way in (*cut, *glued)
    ]


def _crops(marks: Sequence[Mark]) -> Gray:
    return np.array([fit(mark.strength, mark.level) for mark in marks], np.uint8).reshape(-1, SIDE, SIDE)


def _within(gray: Gray, panel: Box) -> Prepared:
    """Prepare what stands within a panel, in the whole picture's pixels."""
    inner = gray[panel.top : panel.top + panel.height, panel.left : panel.left + panel.width]
    found = prepare(np.ascontiguousarray(inner))
    boxes = tuple(replace(box, left=box.left + panel.left, top=box.top + panel.top) for box in found.boxes)
    marks = tuple(replace(mark, left=mark.left + panel.left, top=mark.top + panel.top) for mark in found.marks)
    return replace(found, boxes=boxes, marks=marks)


def _reduced(gray: Gray) -> tuple[Gray, int]:
    """Shrink a large picture by a whole factor to what is enough to find digits in."""
    factor = min(_MOST_SHRUNK, round(math.sqrt(gray.size / _WORK_AREA)))
    height, width = (side // factor if factor > 1 else side for side in gray.shape)
    if factor <= 1 or not height or not width:
        return gray, 1
    whole = gray[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8), factor


def _leaves_out_a_one(parts: Sequence[Part], groups: Sequence[Group], labels: Labels) -> bool:
    tallest = max((group.height for group in groups), default=0)
    taken = {part.label for group in groups for part in group.parts}
    return any(part.label not in taken and may_be_a_one(part, tallest, labels) for part in parts)


def _mark(ink: Ink, labels: Labels, group: Group, factor: int) -> Mark:
    """Cut out a digit's ink with its faint edges, without what stands beside it."""
    left, top, right, bottom = group.bounds
    rows = slice(max(0, top - _EDGE), bottom + _EDGE)
    columns = slice(max(0, left - _EDGE), right + _EDGE)
    wanted = np.isin(labels[rows, columns], [part.label for part in group.parts]).astype(np.uint8)
    window = np.asarray(cv2.multiply(ink.strength[rows, columns], cv2.dilate(wanted, _NEIGHBOURS)), np.uint8)
    return Mark(window, ink.level, columns.start * factor, rows.start * factor, factor)


def _scaled_box(bounds: tuple[int, int, int, int], factor: int) -> Box:
    left, top, right, bottom = (edge * factor for edge in bounds)
    return Box(left, top, right - left, bottom - top)
