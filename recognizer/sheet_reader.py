"""Read the numbers on a sheet: at the size that fits, with what the reading leaves unexplained."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recognizer.arrays import ComponentLabels, Gray
from recognizer.components import Component, find_components, is_frame, is_outline, is_round
from recognizer.marks import USUAL_HEIGHT, Look, Mark, decode
from recognizer.opencv import cv2
from recognizer.rows import in_rows, usual_height, written
from recognizer.sheet import Canvas, Sheet, draw_canvas, likely_scale
from recognizer.symbols import Symbol

#: How near to 0 and 1 a probability is taken to be at most.
_NEAREST = 1e-6
#: Heights of digits, in the network's pixels, that need no second look at another scale.
_FITTING = (16.0, 28.0)
#: Mean confidence in the marks below which other scales are tried, and the scales.
_DOUBTFUL, _OTHER_SCALES = 0.7, (0.6, 1.6)
#: Probability from which one look is enough.
_SURE = 0.98
#: Scales of the other looks, in multiples of the fitting one.
_LOOKS = (1.18, 1.09, 0.92, 0.85)
#: Pixels of the network's picture above which further looks would take a second: some 150 digits.
_LARGE = 100_000
#: A component longer than this, in heights of a digit, is a line or a frame, or ink that touches one.
_LARGEST = 2.5
#: How far around a mark's box its ink may reach, in heights of a digit.
_REACH = 0.14
#: Height of unexplained ink that may be a digit, in heights of a digit.
_LEAST_HEIGHT, _MOST_HEIGHT = 0.45, 1.6
#: Greatest width of such ink, in heights of a digit.
_MOST_WIDTH = 1.6
#: Least amount of such ink, as a share of a usual digit's.
_LEAST_INK = 0.3
#: Greatest distance of such ink from the middle of a digit, across and down, in heights of a digit.
_BESIDE, _ABOVE = 3.0, 0.8
#: Least share of a printed box that is left, when the digit that touches it is taken away: more than two of its sides.
_BOX_CLOSED = 0.6
#: A piece at the border lower than this is the end of something beyond it.
_END = 0.8


@dataclass(frozen=True)
class SheetReading:
    """What a sheet says: rows of marks in the sheet's pixels, and the raw probability that all of it is right.

    `unexplained` tells that ink of a digit's size stands in a row and belongs to no mark.
    """

    rows: tuple[tuple[Mark, ...], ...]
    probability: float
    unexplained: bool

    @property
    def log_odds(self) -> float:
        """The logarithm of the odds that the reading is right, as the network alone says it."""
        probability = min(max(self.probability, _NEAREST), 1 - _NEAREST)
        return math.log(probability / (1 - probability))

    @property
    def marks(self) -> list[Mark]:
        """All marks in reading order."""
        return [mark for row in self.rows for mark in row]

    @property
    def digits(self) -> list[Mark]:
        """The digits in reading order."""
        return [mark for mark in self.marks if mark.is_digit]

    @property
    def text(self) -> str:
        """The digits alone."""
        return "".join(str(mark.symbol) for mark in self.digits)

    @property
    def written(self) -> str:
        """Digits, signs and gaps as they stand on the paper."""
        return written(self.rows)

    @property
    def others(self) -> list[Mark]:
        """Marks as large as digits that are neither digits nor signs."""
        least = _LEAST_HEIGHT * usual_height(self.marks)
        return [mark for mark in self.marks if mark.symbol == Symbol.OTHER and mark.height >= least]


def read_sheet(sheet: Sheet, look: Look, *, once: bool = False) -> SheetReading:
    """Read a sheet with a network: find the scale that fits, and look again a little closer and from a little further.

    One look is enough if it is sure, or if `once` says so. Else the reading is what most of the looks say, each by its
    probability. A large page gets no further looks; it counts as if they all said something else. Pure.
    """
    fitting = _at_fitting_scale(sheet, look)
    wanted = () if once or fitting.probability >= _SURE else _LOOKS
    others = () if fitting.canvas.pixels.size > _LARGE else wanted
    looks = [fitting, *(_attempt(sheet, look, fitting.canvas.scale * other) for other in others)]
    sums = {one.written: 0.0 for one in looks}
    for one in looks:
        sums[one.written] += one.probability
    text = max(sums, key=lambda text: sums[text])
    best = max((one for one in looks if one.written == text), key=lambda one: one.probability)
    return SheetReading(best.rows, sums[text] / (1 + len(wanted)), _leaves_a_digit(sheet, best.marks))


def _at_fitting_scale(sheet: Sheet, look: Look) -> "_Attempt":
    """Look at the likely scale, and at others where the digits turn out too large or small, or unsure."""
    best = _attempt(sheet, look, likely_scale(sheet))
    if best.marks and not _FITTING[0] <= best.height <= _FITTING[1]:
        best = max(best, _attempt(sheet, look, best.canvas.scale * USUAL_HEIGHT / best.height), key=_worth)
    if _sureness(best.marks) < _DOUBTFUL:
        others = [_attempt(sheet, look, best.canvas.scale * other) for other in _OTHER_SCALES]
        best = max(best, *others, key=_worth)
    return best


@dataclass(frozen=True)
class _Attempt:
    """What the network says of the sheet at one scale: rows of marks in the sheet's pixels.

    `height` is that of its digits in the network's pixels, `explained` the share of the ink that lies within the marks.
    """

    sheet: Sheet
    canvas: Canvas
    rows: tuple[tuple[Mark, ...], ...]
    probability: float

    @cached_property
    def explained(self) -> float:
        return _explained(self.sheet, self.marks)

    @cached_property
    def marks(self) -> list[Mark]:
        return [mark for row in self.rows for mark in row]

    @cached_property
    def written(self) -> str:
        return written(self.rows)

    @property
    def height(self) -> float:
        return usual_height(self.marks) * self.canvas.down


def _worth(attempt: _Attempt) -> float:
    """Say how good a reading is that may have more marks than another: sure of each, and of most of the ink."""
    return _sureness(attempt.marks) * attempt.explained


def _sureness(marks: Sequence[Mark]) -> float:
    """Give the geometric mean of the marks' confidences; 0 without marks."""
    return math.exp(np.log([mark.confidence for mark in marks]).mean()) if marks else 0.0


def _attempt(sheet: Sheet, look: Look, scale: float) -> _Attempt:
    canvas = draw_canvas(sheet, scale)
    seen = decode(look(canvas.pixels))
    probability = math.prod(mark.confidence for mark in seen.marks) * seen.nothing_missed if seen.marks else 0.0
    marks = [canvas.on_sheet(mark) for mark in seen.marks]
    rows = tuple(tuple(row) for row in in_rows(marks))
    return _Attempt(sheet, canvas, rows, probability)


def _explained(sheet: Sheet, marks: Sequence[Mark]) -> float:
    """Give the share of the ink that lies within the marks; components that are larger than any digit do not count."""
    if not marks:
        return 0.0
    boxes = np.array([mark.bounds for mark in marks])
    largest = _LARGEST * usual_height(marks)
    components = [component for component in sheet.components if max(component.width, component.height) <= largest]
    if not components:
        return 1.0
    middles = np.array(
        [(component.left + component.width / 2, component.top + component.height / 2) for component in components]
    )
    areas = np.array([component.area for component in components])
    inside = np.all((middles[:, None] >= boxes[:, :2]) & (middles[:, None] <= boxes[:, 2:]), axis=2)
    within = np.any(inside, axis=1)
    return float(areas[within].sum() / areas.sum())


def _without(mask: Gray, marks: Sequence[Mark]) -> Gray:
    """Give a mask without the ink that marks explain."""
    reach = _REACH * usual_height(marks)
    rest = mask.copy()
    for mark in marks:
        left, top, right, bottom = mark.bounds
        rows = slice(max(0, round(top - reach)), max(0, round(bottom + reach)))
        rest[rows, max(0, round(left - reach)) : max(0, round(right + reach))] = 0
    return rest


def _is_ring(sheet: Sheet, mark: Mark) -> bool:
    """Tell whether a mark surrounds ink of some size: a ring that looks like a 0."""
    left, top, right, bottom = mark.bounds
    reach = _REACH * mark.height
    own = [
        component
        for component in sheet.components
        if component.left >= left - reach and component.right <= right + reach
        if component.top >= top - reach and component.bottom <= bottom + reach
    ]
    return any(is_frame(component, own) for component in own)


def _is_box(component: Component, labels: ComponentLabels, digits: Sequence[Mark]) -> bool:
    """Tell whether a component is a printed box around a digit. A ring may be the rest of a slashed 0."""
    if not any(
        component.left < mark.x < component.right and component.top < mark.y < component.bottom for mark in digits
    ):
        return False
    return is_outline(component, labels, _BOX_CLOSED) and not is_round(component, labels)


def _is_amid(component: Component, digits: Sequence[Mark], height: float) -> bool:
    """Tell whether a component has its middle amid the digits of a row, where a table can't be."""
    x, y = component.left + component.width / 2, component.top + component.height / 2
    row = [mark.x for mark in digits if abs(mark.y - y) < _ABOVE * height]
    return bool(row) and min(row) < x < max(row)


def _leaves_a_digit(sheet: Sheet, marks: Sequence[Mark]) -> bool:
    """Tell whether ink of a digit's size and strength stands beside the digits and is none of the marks."""
    digits = [mark for mark in marks if mark.is_digit]
    if not digits:
        return False
    if any(_is_ring(sheet, mark) for mark in digits):
        return True
    height = usual_height(marks)
    if any(_is_amid(component, digits, height) for component in sheet.left_out):
        return True
    rest = _without(sheet.mask, marks)
    unread = cv2.countNonZero(rest)
    if not unread and not sheet.left_out:
        return False
    ink = (cv2.countNonZero(sheet.mask) - unread) / len(marks)
    tall, wide = sheet.mask.shape
    left, labels = find_components(rest)
    beside = [component for component in left if not _is_box(component, labels, digits)]
    for component in (*beside, *sheet.left_out):
        fits = (
            _LEAST_HEIGHT * height <= component.height <= _MOST_HEIGHT * height
            and component.width <= _MOST_WIDTH * height
        )
        if not fits or component.area < _LEAST_INK * ink:
            continue
        at_border = component.left == 0 or component.top == 0 or component.right == wide or component.bottom == tall
        if at_border and component.height < _END * height:
            continue
        x, y = component.left + component.width / 2, component.top + component.height / 2
        if any(abs(mark.x - x) < _BESIDE * height and abs(mark.y - y) < _ABOVE * height for mark in digits):
            return True
    return False
