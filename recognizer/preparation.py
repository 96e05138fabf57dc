"""Turn a grey picture into what the two networks take: the 28x28 crop of one clean digit, and a sheet of ink."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import ComponentLabels, Gray
from recognizer.components import Component, find_components, is_outline, is_round
from recognizer.contract import SIDE
from recognizer.crop import fit
from recognizer.ink import Ink, find_ink
from recognizer.opencv import cv2
from recognizer.reading import Box
from recognizer.sheet import Sheet, make_sheet

#: Pixels that are enough to find digits in; larger pictures are shrunk towards it by a whole factor, which is fast.
_WORK_AREA = 40_000
#: The largest such factor: a page of many digits keeps enough pixels of each.
_MOST_SHRUNK = 4
#: Pixels, and pixels along a side, above which even that is shrunk further: no page of digits has as many.
_MOST_AREA, _MOST_SIDE = 3_200_000, 8192
#: Pixels up to which a picture with nothing but one digit in it is taken whole, its faintest edges included.
_CLEAN_AREA = 40 * 40
#: Least area of a mark, as a share of the largest component's. A smaller component is a speck.
_SPECK_AREA = 0.015
#: Share of a component's pixels that may lie too deep for a stroke. More make it a dark table, a shadow or a bar.
_BROAD = 0.15
#: Depth from which a pixel is too deep, in multiples of half the width of the widest stroke elsewhere.
_THICKER = 1.5
#: Window that closes the holes of noise in such a component.
_HOLES = np.ones((3, 3), np.uint8)
#: Half the width of the widest stroke of a digit that fills its picture, as a share of the shorter side.
_STROKE = 0.06
#: Least area of the component that strokes are measured by, as a share of the component in doubt.
_TELLING = 0.1
#: Least length of the longer edge of a table's corner, as a share of the picture's side. Ends of strokes are shorter.
_CORNER_SIDE = 0.3
#: Least ink along the two edges of a table's corner, as a share of the edge.
_CORNER_EDGE = 0.9
#: Most that such a corner's ink, and its hull, differ from half of its box: it is a triangle.
_CORNER_AREA = 0.15
#: Least height of a mark in a ring, as a share of the ring's. The dot of a dotted zero is lower.
_RINGED = 0.35
#: The caveat of a ring with a plain stroke in it.
SLASHED = "not sure: a 1 in a ring, or a slashed 0"
#: Least length of a plain straight stroke, in multiples of its thickness.
_SLASH = 3.5
#: Pixels around a digit's mask in which the faint edge of its strokes is looked for.
_EDGE = 2
_NEIGHBOURS = np.ones((2 * _EDGE + 1, 2 * _EDGE + 1), np.uint8)
#: Least size of a panel, as a share of the picture.
_PANEL_SHARE = 0.1
#: Least length of a panel's shorter side, in pixels.
_PANEL = 32
#: Least ink of a panel, as a share of its box.
_PANEL_INK = 0.6
#: Most that an edge of a panel bends, as a share of the panel's perimeter.
_PANEL_BEND = 0.03
#: Least area between the four corners of a panel, as a share of its hull's.
_PANEL_STRAIGHT = 0.93
#: Width of a panel's two opposite edges together, as a share of its shorter side.
_PANEL_EDGE = 0.06

#: The four corners of a panel, `(4, 2)`.
Corners = NDArray[np.int64]


@dataclass(frozen=True)
class Single:
    """One clean mark: its `(28, 28)` uint8 crop, white on black, and its box in the picture's pixels."""

    crop: Gray
    box: Box


@dataclass(frozen=True)
class Prepared:
    """One picture. `single` is there if all of its ink is one mark, `sheet` unless nothing but a crop is needed.

    A blank picture has neither. `caveat` says why a person must look at any reading of it.
    """

    dark_on_light: bool
    single: Single | None = None
    sheet: Sheet | None = None
    caveat: str = ""

    @property
    def memory(self) -> int:
        """Bytes that it holds."""
        sheet = self.sheet
        return sheet.strength.nbytes + sheet.mask.nbytes + sheet.labels.nbytes if sheet else 0


def prepare(gray: Gray) -> Prepared:
    """Separate the ink of a `(h, w)` uint8 picture from its ground. Pure, and total: any picture gives an answer."""
    work, factor = _reduced(gray)
    ink = find_ink(work)
    if ink is None:
        return Prepared(dark_on_light=True)
    fitted = fit(ink.strength, ink.level) if gray.size <= _CLEAN_AREA else None
    if fitted is not None and gray.shape == (SIDE, SIDE) and fitted.tobytes() == ink.strength.tobytes():
        # What the network takes already, as MNIST's pictures are: then it is one digit, broken or not.
        return Prepared(ink.dark_on_light, Single(fitted, Box(*cv2.boundingRect(ink.mask))))
    components, labels = find_components(ink.mask)
    panel = _panel(components, labels)
    if panel is not None and (found := _within(gray, panel, factor)).sheet:
        return found
    broad, table = _broad_ends(ink.mask, components, labels)
    if broad:
        ink = _without(ink, table)
        components, labels = find_components(ink.mask)
    rings = _rings(components, labels)
    beside = [*rings, *_corners(components, labels)]
    if beside:
        ink = _without(ink, np.isin(labels, [component.label for component in beside]))
        components = [component for component in components if component not in beside]
    sheet = make_sheet(ink, components, labels, factor, broad)
    is_slashed = (
        any(is_round(ring, labels) for ring in rings) and len(components) == 1 and _is_slash(components[0], labels)
    )
    return Prepared(ink.dark_on_light, _single(ink, sheet, fitted), sheet, SLASHED if is_slashed else "")


def cut(strength: Gray, labels: ComponentLabels, components: Sequence[Component]) -> tuple[Gray, int, int]:
    """Cut out the ink of some components with its faint edges; gives also its left and top on the sheet."""
    rows = slice(
        max(0, min(component.top for component in components) - _EDGE),
        max(component.bottom for component in components) + _EDGE,
    )
    columns = slice(
        max(0, min(component.left for component in components) - _EDGE),
        max(component.right for component in components) + _EDGE,
    )
    here = labels[rows, columns]
    wanted = (
        here == components[0].label
        if len(components) == 1
        else np.isin(here, [component.label for component in components])
    )
    window = cv2.multiply(strength[rows, columns], cv2.dilate(wanted.astype(np.uint8), _NEIGHBOURS))
    return np.asarray(window, np.uint8), columns.start, rows.start


def _single(ink: Ink, sheet: Sheet, fitted: Gray | None) -> Single | None:
    """Give the crop of the only mark, if there is but one."""
    largest = max(component.area for component in sheet.components)
    marks = [component for component in sheet.components if component.area >= _SPECK_AREA * largest]
    if len(marks) != 1:
        return None
    if fitted is not None and len(sheet.components) == 1:
        crop = fitted
    else:
        crop = fit(cut(ink.strength, sheet.labels, marks)[0], ink.level)
    (component,) = marks
    box = (component.left, component.top, component.width, component.height)
    return Single(crop, Box(*(side * sheet.factor for side in box)))


def _broad_ends(
    mask: Gray, components: Sequence[Component], labels: ComponentLabels
) -> tuple[list[Component], NDArray[np.bool_]]:
    """Find what reaches in from beyond the picture and is too broad for a stroke, and its ink, `(h, w)`.

    A digit that has grown together with it stays on the sheet.
    """
    nowhere = np.zeros(mask.shape, np.bool_)
    height, width = mask.shape
    ends = [
        component
        for component in components
        if component.left == 0 or component.top == 0 or component.right == width or component.bottom == height
    ]
    if not ends or len(ends) == len(components):
        return [], nowhere
    depth = cv2.distanceTransform(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _HOLES), cv2.DIST_L2, 3)

    def depths(component: Component) -> NDArray[np.float32]:
        window = (slice(component.top, component.bottom), slice(component.left, component.right))
        return np.asarray(depth[window][labels[window] == component.label], np.float32)

    free = max((component for component in components if component not in ends), key=lambda component: component.area)
    deepest = min(float(depths(free).max()), max(height, width))  # without ground there is no end to the depth
    stroke = max(_THICKER * deepest, _STROKE * min(height, width))
    telling = [component for component in ends if free.area >= _TELLING * component.area]
    broad = [component for component in telling if (depths(component) > stroke).mean() > _BROAD]
    if not broad:
        return [], nowhere
    own = np.isin(labels, [component.label for component in broad])
    around = cv2.distanceTransform(np.where(own & (depth > stroke), np.uint8(0), np.uint8(1)), cv2.DIST_L2, 3)
    return broad, own & ((around <= stroke + _EDGE) | ~_within_paper(own))


def _within_paper(table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell what lies on the paper beside a table. Paper is convex, so what reaches into it is ink."""
    found, labels = find_components(np.where(table, np.uint8(0), np.uint8(255)))
    paper = max(found, key=lambda component: component.area)
    hull = cv2.convexHull(cv2.findNonZero(cv2.compare(labels, paper.label, cv2.CMP_EQ)))
    inside = cv2.fillConvexPoly(np.zeros(table.shape, np.uint8), hull, 1)
    return np.asarray(cv2.erode(inside, _NEIGHBOURS) > 0)


def _corners(components: Sequence[Component], labels: ComponentLabels) -> list[Component]:
    """Find the corners of the table that a page lies on askew: triangles with two edges along the picture's border."""
    corners = [component for component in components if _is_corner(component, labels)]
    return corners if len(corners) < len(components) else []


def _is_corner(component: Component, labels: ComponentLabels) -> bool:
    height, width = labels.shape
    if not ((component.left == 0 or component.right == width) and (component.top == 0 or component.bottom == height)):
        return False
    if max(component.width / width, component.height / height) < _CORNER_SIDE:
        return False
    ink = labels[component.top : component.bottom, component.left : component.right] == component.label
    edges = (ink[0 if component.top == 0 else -1].mean(), ink[:, 0 if component.left == 0 else -1].mean())
    hull = float(cv2.contourArea(cv2.convexHull(cv2.findNonZero(ink.astype(np.uint8))))) / ink.size
    half = abs(float(ink.mean()) - 1 / 2) <= _CORNER_AREA and abs(hull - 1 / 2) <= _CORNER_AREA
    return bool(half and min(edges) >= _CORNER_EDGE)


def _rings(components: Sequence[Component], labels: ComponentLabels) -> list[Component]:
    """Find rings and boxes around marks of a digit's size that no stroke has grown together with."""
    if len(components) == 1:
        return []
    bounds = np.array(
        [(component.left, component.top, -component.right, -component.bottom) for component in components]
    )
    heights = np.array([component.height for component in components])
    holds = (bounds[:, None] < bounds).all(axis=2) & (heights >= _RINGED * heights[:, None])
    return [
        components[ring] for ring in np.flatnonzero(holds.any(axis=1)).tolist() if is_outline(components[ring], labels)
    ]


def _is_slash(component: Component, labels: ComponentLabels) -> bool:
    """Tell whether a component is a plain straight stroke: with a ring around it, it may be a slashed zero."""
    ink = labels[component.top : component.bottom, component.left : component.right] == component.label
    thickness, length = sorted(cv2.minAreaRect(cv2.findNonZero(ink.astype(np.uint8)))[1])
    return bool(length > _SLASH * max(thickness, 1))


def _without(ink: Ink, gone: NDArray[np.bool_]) -> Ink:
    """Remove some of the ink, with its faint edges."""
    mask = np.where(gone, np.uint8(0), ink.mask)
    around = cv2.dilate(gone.astype(np.uint8), _NEIGHBOURS) * (mask == 0)
    return replace(ink, mask=mask, strength=np.where(around > 0, np.uint8(0), ink.strength))


def _within(gray: Gray, panel: Corners, factor: int) -> Prepared:
    """Prepare what stands within a panel, in the whole picture's pixels."""
    left, top, width, height = cv2.boundingRect(panel * factor)
    window = gray[top : top + height, left : left + width]
    found = prepare(_on_ground(window, panel * factor - (left, top)))
    single, sheet = found.single, found.sheet
    if single:
        box = replace(single.box, left=single.box.left + left, top=single.box.top + top)
        single = replace(single, box=box)
    if sheet:
        sheet = replace(sheet, left=sheet.left + left, top=sheet.top + top)
    return replace(found, single=single, sheet=sheet)


def _on_ground(window: Gray, panel: Corners) -> Gray:
    """Replace what lies beyond a panel, and the panel's own edge, by the panel's ground."""
    inside = cv2.fillConvexPoly(np.zeros(window.shape, np.uint8), panel.astype(np.int32), 255)
    thickness = min(cv2.minAreaRect(panel.astype(np.int32))[1])
    edge = 3 + int(_PANEL_EDGE * thickness)
    inside = cv2.erode(inside, np.ones((edge, edge), np.uint8), borderValue=0)
    return np.where(inside > 0, window, np.uint8(np.median(window[inside > 0])))


def _panel(components: Sequence[Component], labels: ComponentLabels) -> Corners | None:
    """Find a filled quadrilateral in which the digits stand in the ground's colour: a dark label, a page on a table."""
    component = max(components, key=lambda component: component.area)
    height, width = labels.shape
    if 0 in {component.left, component.top} or component.right == width or component.bottom == height:
        return None
    if (
        component.width * component.height < _PANEL_SHARE * labels.size
        or min(component.width, component.height) < _PANEL
    ):
        return None
    ink = labels[component.top : component.bottom, component.left : component.right] == component.label
    hull = cv2.convexHull(cv2.findNonZero(ink.astype(np.uint8)))
    area = cv2.contourArea(hull)
    if component.area < _PANEL_INK * area or min(cv2.minAreaRect(hull)[1]) < _PANEL:
        return None
    corners = cv2.approxPolyDP(hull, _PANEL_BEND * cv2.arcLength(hull, closed=True), closed=True)
    if len(corners) != 4 or cv2.contourArea(corners) < _PANEL_STRAIGHT * area:  # noqa: PLR2004 - a quadrilateral
        return None
    return np.asarray(corners.reshape(4, 2) + np.array((component.left, component.top)), np.int64)


def _reduced(gray: Gray) -> tuple[Gray, int]:
    """Shrink a large picture by a whole factor to what is enough to find digits in."""
    factor = max(
        min(_MOST_SHRUNK, round(math.sqrt(gray.size / _WORK_AREA))),
        math.ceil(math.sqrt(gray.size / _MOST_AREA)),
        math.ceil(max(gray.shape) / _MOST_SIDE),
    )
    height, width = (side // factor if factor > 1 else side for side in gray.shape)
    if factor <= 1 or not height or not width:
        return gray, 1
    whole = gray[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8), factor
