"""What reading a picture gives: digits with their places and probabilities, joined into one text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from recognizer.arrays import Gray


class Verdict(StrEnum):
    """How far a reading can be trusted."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Box:
    """A rectangle in the picture's own pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Digit:
    """One digit: where it stands and how probable each of the ten labels is (calibrated, summing to 1)."""

    label: int
    confidence: float
    probabilities: tuple[float, ...]
    box: Box
    draw_crop: Callable[[], Gray] = field(compare=False, repr=False)

    @cached_property
    def crop(self) -> Gray:
        """The `(28, 28)` uint8 picture that the digit network takes; few who read a digit ever look at it."""
        return self.draw_crop()


@dataclass(frozen=True)
class Reading:
    """All digits of one picture in reading order.

    `text` has the digits alone and keeps leading zeros; `written` has digits and signs as they stand on the paper, with
    a space between two numbers. `confidence` is the probability that all of it is right, nothing missing and nothing
    added; `reason` says in plain words why a reading is not accepted.
    """

    text: str
    confidence: float
    verdict: Verdict
    digits: tuple[Digit, ...]
    reason: str | None = None
    written: str = ""
