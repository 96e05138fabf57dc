"""What tests of an evaluation share: labelled pictures as if they had been read."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.labels import Labelled
from evaluation.outcome import Outcome
from recognizer.reading import Box, Digit, Reading, Verdict

MakeOutcome = Callable[..., Outcome]


@pytest.fixture(scope="session")
def outcome() -> MakeOutcome:
    """Make the outcome of a picture with `label` whose digits were read as `digits`, each with `confidence`."""

    def make(  # noqa: PLR0913 - a picture has that many properties
        label: str,
        digits: str,
        verdict: Verdict = Verdict.ACCEPTED,
        *,
        confidence: float = 0.99,
        file: str = "picture.png",
        source: str = "",
        kind: str = "",
        written: str | None = None,
    ) -> Outcome:
        found = tuple(_digit(int(digit), confidence) for digit in digits)
        shown = "" if verdict is Verdict.REJECTED else digits
        reason = None if verdict is Verdict.ACCEPTED else "a <reason>"
        reading = Reading(shown, confidence, verdict, found, reason, shown if written is None else written)
        return Outcome(Labelled(file, label, source, kind), reading)

    return make


def _digit(label: int, confidence: float) -> Digit:
    rest = (1 - confidence) / 9
    probabilities = tuple(confidence if one == label else rest for one in range(10))
    return Digit(label, confidence, probabilities, Box(1, 2, 3, 4), lambda: np.zeros((28, 28), np.uint8))
