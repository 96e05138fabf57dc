"""Read prepared pictures with a model: one clean digit by its crop, everything else by the number network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Protocol

import numpy as np

from recognizer.arrays import Cells, Crops, Gray, Probabilities
from recognizer.components import Component
from recognizer.contract import CLASSES, SIDE, Card
from recognizer.crop import fit
from recognizer.image import Picture, open_image
from recognizer.marks import Mark
from recognizer.preparation import Prepared, Single, cut, prepare
from recognizer.reading import Digit, Reading, Verdict
from recognizer.second_look import look_twice
from recognizer.sheet import Sheet
from recognizer.sheet_reader import SheetReading, read_sheet

#: The caveat of a file that has further pages.
FIRST_PAGE = "only the first page was read"
#: Least ratio of the second-best label's probability to the best one's at which the reason names both.
_RIVAL = 0.1
#: Share of a mark's box that a component must overlap to concern it.
_CONCERNED = 0.04
#: Digits of one picture above which it is taken for something else: a texture, a page of print.
MOST_DIGITS = 64
#: The most confidence in a digit where the number network sees none, or several.
_SOMETHING_ELSE = 0.5
#: Share of a mark's box that the digit in it must fill for both to be the same ink.
_FILLS = 0.5
#: Share of a component's box that must lie within a mark's box for it to be that mark's ink alone.
_WITHIN = 0.85


class Model(Protocol):
    """What the reader asks of a model: its card, and probabilities of crops and of the cells of a sheet."""

    @property
    def card(self) -> Card:
        """What is known of the model; its thresholds and its calibration are looked at here."""

    def probabilities(self, crops: Crops) -> Probabilities:
        """Give `(n, 10)` calibrated probabilities for `(n, 28, 28)` uint8 crops."""

    def cells(self, picture: Gray) -> Cells:
        """Give what the number network says of a `(h, w)` uint8 picture."""


@dataclass(frozen=True)
class PreparedFile:
    """An image file's identity (bytes, nanoseconds, SHA-256 in hex) and its prepared picture."""

    size: int
    mtime_ns: int
    digest: str
    prepared: Prepared


def prepare_file(path: bytes, *, below: bytes | None = None) -> PreparedFile:
    """Open the image at `path` and prepare it. Read-only; raises UnreadableImage.

    With `below`, `path` leads from that folder through no link.
    """
    picture = open_image(path, below=below)
    return PreparedFile(picture.size, picture.mtime_ns, picture.digest, prepared(picture))


def prepared(picture: Picture) -> Prepared:
    """Prepare a decoded file. Pure."""
    found = prepare(picture.gray)
    return replace(found, caveat=FIRST_PAGE) if picture.more else found


@dataclass(frozen=True)
class _Number:
    """What the number network found on a sheet, and its calibrated confidence."""

    sheet: Sheet
    found: SheetReading
    confidence: float

    @cached_property
    def digits(self) -> tuple[Digit, ...]:
        """The digits as a reading has them."""
        return tuple(_digit_of(self.sheet, mark) for mark in self.found.digits[:MOST_DIGITS])

    @property
    def trouble(self) -> str | None:
        """Say what stands beside the digits and may belong to them."""
        if self.found.others:
            return "something beside the digits is no digit"
        if self.found.unexplained:
            return "ink beside the digits was not read"
        if any(self.sheet.window(mark).max(initial=0) <= self.sheet.level for mark in self.found.digits):
            return "a digit was seen where there is no ink"
        return None


def read(prepared: Sequence[Prepared], model: Model) -> list[Reading]:
    """Read all pictures together; one reading for each, in the same order."""
    singles = _singles(prepared, model)
    numbers = [_number(picture, single, model) for picture, single in zip(prepared, singles, strict=True)]
    judged = [
        _judged(picture, single, number, model.card)
        for picture, single, number in zip(prepared, singles, numbers, strict=True)
    ]
    agreed = _agreed([reading for reading, _ in judged], [number for _, number in judged], model)
    return [
        _with(picture.caveat, one) if picture.caveat else one for picture, one in zip(prepared, agreed, strict=True)
    ]


def _with(caveat: str, reading: Reading) -> Reading:
    """Send a reading to review, with the reason that a person must look."""
    reason = f"{caveat}; {reading.reason}" if reading.reason else caveat
    confidence = min(reading.confidence, _SOMETHING_ELSE)
    return replace(reading, verdict=Verdict.REVIEW, confidence=confidence, reason=reason)


def _singles(prepared: Sequence[Prepared], model: Model) -> list[Digit | None]:
    """Give the digit of each picture that is one clean mark, by one call of the network."""
    crops = [picture.single.crop for picture in prepared if picture.single]
    rows = iter(look_twice(model.probabilities, np.array(crops)).tolist() if crops else ())
    return [_digit(picture.single, next(rows)) if picture.single else None for picture in prepared]


def _digit(single: Single, probabilities: list[float]) -> Digit:
    label = int(np.argmax(probabilities))
    return Digit(label, probabilities[label], tuple(probabilities), single.box, lambda: single.crop)


def _number(picture: Prepared, single: Digit | None, model: Model) -> _Number | None:
    """Read a picture with the number network, where there is one and a crop does not say it all.

    One look is enough where it confirms a single digit.
    """
    if picture.sheet is None or model.card.numbers is None:
        return None
    found = read_sheet(picture.sheet, model.cells, once=single is not None)
    if single and (found.text != str(single.label) or found.others or found.unexplained):
        found = read_sheet(picture.sheet, model.cells)
    odds = model.card.numbers.slope * found.log_odds + model.card.numbers.offset
    return _Number(picture.sheet, found, 1 / (1 + math.exp(-odds)))


def _digit_of(sheet: Sheet, mark: Mark) -> Digit:
    weights = mark.probabilities[:CLASSES] / mark.probabilities[:CLASSES].sum()
    return Digit(mark.symbol, mark.confidence, tuple(weights.tolist()), sheet.box(mark), partial(_crop, sheet, mark))


def _crop(sheet: Sheet, mark: Mark) -> Crops:
    """Draw the crop of a digit of a number: of its own ink where that is apart from all else."""
    own = _own_components(sheet, mark)
    window = cut(sheet.strength, sheet.labels, own)[0] if own else sheet.window(mark)
    has_ink = window.size > 0 and window.max() > sheet.level
    return fit(window, sheet.level) if has_ink else np.zeros((SIDE, SIDE), np.uint8)


def _own_components(sheet: Sheet, mark: Mark) -> list[Component]:
    """Give the components that are a mark's ink and nothing else's; none if its ink touches something else."""
    left, top, right, bottom = mark.bounds
    low, high = sheet.bounds[:, :2], sheet.bounds[:, 2:]
    shared = np.maximum(np.minimum(high, (right, bottom)) - np.maximum(low, (left, top)), 0).prod(axis=1)
    near = np.flatnonzero(shared > _CONCERNED * mark.width * mark.height)
    within = shared[near] >= _WITHIN * (high - low)[near].prod(axis=1)
    return [sheet.components[component] for component in near] if within.all() else []


def _judged(
    picture: Prepared, single: Digit | None, number: _Number | None, card: Card
) -> tuple[Reading, _Number | None]:
    """Judge one picture by what one network or both say of it; gives also the number, if the reading is that one's."""
    if number and (single is None or _says_more(number, single)):
        return _of_number(number, card), number
    if single:
        return _of_single(single, number, card), None
    if picture.sheet:
        return Reading("", 0.0, Verdict.REVIEW, (), "several marks, and this model reads single digits only"), None
    return Reading("", 0.0, Verdict.REJECTED, (), "no digit found"), None


def _says_more(number: _Number, single: Digit) -> bool:
    """Tell whether a mark that seems to be one digit is several, or one that has grown together with a line."""
    several = len(number.found.digits) > 1 and number.confidence > single.confidence
    return several or _is_part(number, single)


def _is_part(number: _Number, single: Digit) -> bool:
    """Tell whether the one digit found is another one, and a part of a mark that has grown together with a line."""
    digits = number.found.digits
    if len(digits) != 1 or digits[0].symbol == single.label:
        return False
    box = number.sheet.box(digits[0])
    return box.width * box.height < _FILLS * single.box.width * single.box.height


def _of_single(single: Digit, number: _Number | None, card: Card) -> Reading:
    """Judge one clean mark: the number network, where it looked too, must see the same digit and nothing else."""
    if number is None or (number.found.text == str(single.label) and not number.trouble):
        return _of_one(single, single.confidence, _doubt((single,)), card)
    if len(number.found.digits) == 1 and not number.trouble:
        both = _weighed(single, number.digits[0])
        return _of_one(both, both.confidence, f"not sure: {single.label} or {number.digits[0].label}", card)
    confidence = min(single.confidence, _SOMETHING_ELSE)
    if number.found.text == str(single.label):
        return _of_one(single, confidence, f"{number.trouble}: read as {single.label}", card)
    return _of_one(single, confidence, f"not sure: {single.label} or {number.found.text or 'no digit'}", card)


def _weighed(single: Digit, other: Digit) -> Digit:
    """Give the digit that both networks together find most probable, as sure as the less sure of them."""
    joint = np.array(single.probabilities) * np.array(other.probabilities)
    label = int(joint.argmax())
    least = min(single.probabilities[label], other.probabilities[label])
    return replace(single, label=label, confidence=least, probabilities=tuple((joint / joint.sum()).tolist()))


def _of_one(digit: Digit, confidence: float, doubt: str, card: Card) -> Reading:
    if confidence < card.reject_threshold and digit.probabilities[digit.label] < _SOMETHING_ELSE:
        return Reading("", confidence, Verdict.REJECTED, (digit,), "nothing in it looks like a digit")
    text = str(digit.label)
    if confidence >= card.accept_threshold:
        return Reading(text, confidence, Verdict.ACCEPTED, (digit,), written=text)
    return Reading(text, confidence, Verdict.REVIEW, (digit,), doubt, text)


def _of_number(number: _Number, card: Card) -> Reading:
    """Judge what the number network alone can read."""
    digits, found, threshold = number.digits, number.found, card.numbers.accept_threshold if card.numbers else 1.0
    if len(found.digits) > MOST_DIGITS:
        return Reading("", 0.0, Verdict.REJECTED, (), f"more than {MOST_DIGITS} digits")
    if not digits:
        reason = "nothing in it looks like a digit" if found.marks else "no digit found"
        return Reading("", 0.0, Verdict.REJECTED, (), reason)
    if all(digit.confidence < card.reject_threshold for digit in digits):
        return Reading("", number.confidence, Verdict.REJECTED, digits, "nothing in it looks like a digit")
    if number.trouble:
        confidence = min(number.confidence, threshold / 2)
        return Reading(
            found.text, confidence, Verdict.REVIEW, digits, f"{number.trouble}: read as {found.written}", found.written
        )
    if number.confidence >= threshold:
        return Reading(found.text, number.confidence, Verdict.ACCEPTED, digits, written=found.written)
    return Reading(found.text, number.confidence, Verdict.REVIEW, digits, _doubt(digits), found.written)


def _agreed(readings: list[Reading], numbers: Sequence[_Number | None], model: Model) -> list[Reading]:
    """Send numbers to review in which the digit network reads a digit that stands apart otherwise."""
    asked = [
        (place, position)
        for place, (reading, number) in enumerate(zip(readings, numbers, strict=True))
        if number and reading.verdict is Verdict.ACCEPTED
        for position, mark in enumerate(number.found.digits)
        if _own_components(number.sheet, mark)
    ]
    crops = [readings[place].digits[position].crop for place, position in asked]
    rows = model.probabilities(np.array(crops)) if crops else ()
    for (place, position), row in zip(asked, rows, strict=True):
        reading, label = readings[place], int(row.argmax())
        digit = reading.digits[position]
        if label != digit.label and reading.verdict is Verdict.ACCEPTED:
            reason = f"not sure: {digit.label} or {label} (digit {position + 1} of {len(reading.digits)})"
            confidence = min(reading.confidence, float(row[digit.label]))
            readings[place] = replace(reading, verdict=Verdict.REVIEW, confidence=confidence, reason=reason)
    return readings


def _doubt(digits: Sequence[Digit]) -> str:
    """Name the weakest digit's candidates, as in `not sure: 4 or 9`."""
    weakest = min(range(len(digits)), key=lambda index: digits[index].confidence)
    digit = digits[weakest]
    ranked = sorted(range(len(digit.probabilities)), key=lambda label: -digit.probabilities[label])
    likely = [str(label) for label in ranked[:2] if digit.probabilities[label] >= _RIVAL * digit.confidence]
    where = f" (digit {weakest + 1} of {len(digits)})" if len(digits) > 1 else ""
    candidates = " or ".join(likely) if len(likely) > 1 else f"{likely[0]} or no digit"
    return f"not sure: {candidates}{where}"
