"""What reading a picture gives: digits with their places and probabilities, joined into one text."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


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
    """One digit: where it stands and how probable each of the ten labels is (calibrated, summing to 1).

    `crop` is the `(28, 28)` uint8 picture that the network saw.
    """

    label: int
    confidence: float
    probabilities: tuple[float, ...]
    box: Box
    crop: NDArray[np.uint8] = field(compare=False, repr=False)


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
