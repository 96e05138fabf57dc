"""Read prepared pictures with a model: crops become probabilities, digits, and a reading with a verdict."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from recognizer.contract import CLASSES, Card
from recognizer.image import open_image
from recognizer.preparation import MOST_DIGITS, Prepared, other_ways, prepare
from recognizer.reading import Digit, Reading, Verdict
from recognizer.runtime import Crops, Probabilities
from recognizer.second_look import look_twice

#: The second-best label is named in the reason when it has at least this share of the best one's probability.
_RIVAL = 0.1
#: Confidence below which a mark may be two digits that touch, and from which marks that nearly touch are one that is
#: broken: the network has learnt to be unsure of two.
_TWO = 0.5
#: Confidence from which a half of a mark is a digit: the halves of a star look a little like something.
_CLEAR = 0.9
#: How many pieces a digit is broken into.
_PIECES = (2, 3)
#: How often a picture is cut anew: each time one mark in two, or two marks into one.
_ROUNDS = 3
#: Marks of a picture, and marks of it that may be two digits, up to which it is cut anew: with more it is a texture.
_MOST_RECUT, _MOST_TOUCHING = 16, 3
#: What a cut costs in confidence. The best of many ways to cut looks better than it is: of pairs of MNIST's test digits
#: pushed together 2.7% were wrong among those accepted without it, so they are left to people.
_RECUT = 0.9

#: What it costs that an upright stroke beside the digits was left out: a column of ones looks like a printed line.
_LEFT_OUT = 0.9


class Model(Protocol):
    """Whatever has a card and gives `(n, 10)` calibrated probabilities for `(n, 28, 28)` uint8 crops."""

    @property
    def card(self) -> Card:
        """What is known of the model; only its two thresholds are looked at here."""

    def probabilities(self, crops: Crops) -> Probabilities:
        """Give each crop's ten probabilities."""


@dataclass(frozen=True)
class PreparedFile:
    """An image file's identity (bytes, nanoseconds, SHA-256 in hex) and the digits found in it."""

    size: int
    mtime_ns: int
    digest: str
    prepared: Prepared


def prepare_file(path: bytes) -> PreparedFile:
    """Open the image at `path` and find its digits. Read-only; raises UnreadableImage."""
    picture = open_image(path)
    return PreparedFile(picture.size, picture.mtime_ns, picture.digest, prepare(picture.gray))


def read(prepared: Sequence[Prepared], model: Model) -> list[Reading]:
    """Read all pictures together; one reading for each, in the same order.

    Pictures are cut in other ways as long as that reads better: touching digits apart, the pieces of a broken one
    together.
    """
    looked = _probabilities(prepared, lambda crops: look_twice(model.probabilities, crops))
    found = [_Way(picture, rows) for picture, rows in looked]
    unsettled = list(range(len(found)))
    for _ in range(_ROUNDS):
        tried = [(index, other) for index in unsettled for other in _other_ways(found[index])]
        rows = _probabilities([other for _, other in tried], model.probabilities)
        others: dict[int, list[_Way]] = {}
        for (index, _), (other, probabilities) in zip(tried, rows, strict=True):
            others.setdefault(index, []).append(_Way(other, probabilities, found[index].cuts + 1))
        better = {index: _better(found[index], ways) for index, ways in others.items()}
        unsettled = [index for index, way in better.items() if way is not found[index]]
        for index, way in better.items():
            found[index] = way
    return [_reading(way, model.card) for way in found]


@dataclass(frozen=True)
class _Way:
    """One way to cut a picture into digits, by so many cuts and joints more than the first, and their probabilities."""

    picture: Prepared
    probabilities: Probabilities
    cuts: int = 0

    @cached_property
    def confidences(self) -> list[float]:
        """The probability of each digit's best label."""
        confidences: list[float] = self.probabilities.max(axis=1, initial=0.0).tolist()
        return confidences

    @cached_property
    def confidence(self) -> float:
        """The probability that all of it is right: of the best of many ways, less than it says itself."""
        if not self.confidences:
            return 0.0
        return math.prod(self.confidences) * _RECUT**self.cuts * (_LEFT_OUT if self.picture.left_out else 1.0)

    def clearness(self, before: "_Way") -> float:
        """Give the confidence of the least clear of the marks it has made anew."""
        old = [id(mark) for mark in before.picture.marks]
        pairs = zip(self.picture.marks, self.confidences, strict=True)
        return min(confidence for mark, confidence in pairs if id(mark) not in old)

    def joins(self, before: "_Way") -> bool:
        """Tell whether it has made one mark of several."""
        return len(self.picture.marks) < len(before.picture.marks)


def _probabilities(
    pictures: Sequence[Prepared], look: Callable[[Crops], Probabilities]
) -> Iterator[tuple[Prepared, Probabilities]]:
    """Give each picture with what one call of `look` says of its crops; of too many crops nothing."""
    wanted = [picture.crops for picture in pictures if 0 < len(picture.crops) <= MOST_DIGITS]
    rows = look(np.concatenate(wanted)) if wanted else np.empty((0, CLASSES), np.float32)
    start = 0
    for picture in pictures:
        count = len(picture.crops) if len(picture.crops) <= MOST_DIGITS else 0
        yield picture, rows[start : start + count]
        start += count


def _other_ways(way: _Way) -> list[Prepared]:
    """Cut in two what may be two digits, and join what may be the pieces of one."""
    count = len(way.picture.marks)
    if count > _MOST_RECUT:
        return []
    split = [index for index in range(count) if way.confidences[index] < _TWO]
    if len(split) > _MOST_TOUCHING:
        return []
    runs = [slice(first, first + pieces) for pieces in _PIECES for first in range(count - pieces + 1)]
    return other_ways(way.picture, split=split, join=runs)


def _better(way: _Way, others: Sequence[_Way]) -> _Way:
    """Choose: marks that together look like one digit are one; else what reads best, and is clear where it is new."""
    joints = [other for other in others if other.joins(way) and other.clearness(way) >= _TWO]
    clear = [other for other in others if other.clearness(way) >= _CLEAR]
    return max(joints or [way, *clear], key=lambda other: other.confidence)


def _reading(way: _Way, card: Card) -> Reading:
    picture = way.picture
    if not way.confidences:
        reason = f"more than {MOST_DIGITS} separate marks" if len(picture.crops) else "no digit found"
        return Reading("", 0.0, Verdict.REJECTED, (), reason)
    labels = way.probabilities.argmax(axis=1).tolist()
    digits = tuple(
        Digit(label, row[label], tuple(row), box, crop)
        for label, row, box, crop in zip(labels, way.probabilities.tolist(), picture.boxes, picture.crops, strict=True)
    )
    text = "".join(str(digit.label) for digit in digits)
    if all(confidence < card.reject_threshold for confidence in way.confidences):
        return Reading("", way.confidence, Verdict.REJECTED, digits, "nothing in it looks like a digit")
    if way.confidence >= card.accept_threshold:
        return Reading(text, way.confidence, Verdict.ACCEPTED, digits, written=text)
    return Reading(text, way.confidence, Verdict.REVIEW, digits, _doubt(way, digits, text), written=text)


def _doubt(way: _Way, digits: Sequence[Digit], text: str) -> str:
    if way.cuts:
        return f"the digits touch, or one is broken: read as {text}"
    if way.picture.left_out:
        return f"a stroke was left out that may be a 1: read as {text}"
    return _weakest(digits)


def _weakest(digits: Sequence[Digit]) -> str:
    """Name the weakest digit's candidates, as in `not sure: 4 or 9`."""
    weakest = min(range(len(digits)), key=lambda index: digits[index].confidence)
    digit = digits[weakest]
    ranked = sorted(range(len(digit.probabilities)), key=lambda label: -digit.probabilities[label])
    likely = [str(label) for label in ranked[:2] if digit.probabilities[label] >= _RIVAL * digit.confidence]
    where = f" (digit {weakest + 1} of {len(digits)})" if len(digits) > 1 else ""
    candidates = " or ".join(likely) if len(likely) > 1 else f"{likely[0]} or no digit"
    return f"not sure: {candidates}{where}"
