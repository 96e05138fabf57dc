"""Read prepared pictures with a model: crops become probabilities, digits, and a reading with a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recognizer.contract import Card
from recognizer.image import open_image
from recognizer.model import Crops, Probabilities
from recognizer.preparation import MOST_DIGITS, Prepared, prepare
from recognizer.reading import Digit, Reading, Verdict

#: The second-best label is named in the reason when it has at least this share of the best one's probability.
_RIVAL = 0.1


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
    """Read all pictures in one call of the model; one reading for each, in the same order."""
    wanted = [picture for picture in prepared if 0 < len(picture.crops) <= MOST_DIGITS]
    if not wanted:
        return [_rejected(picture) for picture in prepared]
    probabilities = model.probabilities(np.concatenate([picture.crops for picture in wanted]))
    readings, start = [], 0
    for picture in prepared:
        count = len(picture.crops)
        if not 0 < count <= MOST_DIGITS:
            readings.append(_rejected(picture))
            continue
        readings.append(_reading(picture, probabilities[start : start + count], model.card))
        start += count
    return readings


def _rejected(picture: Prepared) -> Reading:
    reason = f"more than {MOST_DIGITS} separate marks" if len(picture.crops) else "no digit found"
    return Reading("", 0.0, Verdict.REJECTED, (), reason)


def _reading(picture: Prepared, probabilities: Probabilities, card: Card) -> Reading:
    labels = probabilities.argmax(axis=1).tolist()
    digits = tuple(
        Digit(label, row[label], tuple(row), box, crop)
        for label, row, box, crop in zip(labels, probabilities.tolist(), picture.boxes, picture.crops, strict=True)
    )
    text = "".join(str(digit.label) for digit in digits)
    confidence = float(np.prod([digit.confidence for digit in digits]))
    if all(digit.confidence < card.reject_threshold for digit in digits):
        return Reading("", confidence, Verdict.REJECTED, digits, "nothing in it looks like a digit")
    if confidence >= card.accept_threshold:
        return Reading(text, confidence, Verdict.ACCEPTED, digits)
    return Reading(text, confidence, Verdict.REVIEW, digits, _doubt(digits))


def _doubt(digits: Sequence[Digit]) -> str:
    """Name the weakest digit's candidates, as in `not sure: 4 or 9`."""
    weakest = min(range(len(digits)), key=lambda index: digits[index].confidence)
    digit = digits[weakest]
    ranked = sorted(range(len(digit.probabilities)), key=lambda label: -digit.probabilities[label])
    likely = [str(label) for label in ranked[:2] if digit.probabilities[label] >= _RIVAL * digit.confidence]
    where = f" (digit {weakest + 1} of {len(digits)})" if len(digits) > 1 else ""
    candidates = " or ".join(likely) if len(likely) > 1 else f"{likely[0]} or no digit"
    return f"not sure: {candidates}{where}"
