"""Measure and calibrate the number reader on made-up numbers that it never saw."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Gray
from recognizer.contract import CoveragePoint
from recognizer.coverage import coverage_curve
from recognizer.marks import Look
from recognizer.preparation import prepare
from recognizer.sheet_reader import SheetReading, read_sheet
from trainer.evaluate import lowest_threshold
from trainer.numbers.texts import GAP, OTHER

#: Largest shares of accepted made-up numbers with a wrong digit, and with right digits but a wrong sign.
WRONG_DIGITS, WRONG_SIGNS = 0.01, 0.02
#: Confidence below which no number is accepted, and above which no threshold is set.
LIMITS = (0.9, 0.999)
#: Steps of Newton's method, which needs about six.
_STEPS = 25
#: Strength of the prior that holds slope and offset near 1 and 0, in readings.
_HELD = 1.0


@dataclass(frozen=True)
class Calibration:
    """The map from the reader's probability to a confidence, and its figures: see `recognizer.contract.NumberCard`."""

    numbers_right: float
    slope: float
    offset: float
    accept_threshold: float
    coverage: tuple[CoveragePoint, ...]


def calibrate(look: Look, numbers: Iterable[tuple[Gray, str]]) -> Calibration:
    """Read made-up numbers (picture and text) and fit slope and offset to what is right (Platt 1999)."""
    found = [(_read(picture, look), text) for picture, text in numbers]
    right = np.array([reading is not None and _says(reading) == text.replace(GAP, "") for reading, text in found])
    digits = np.array([reading is not None and _digits(_says(reading)) == _digits(text) for reading, text in found])
    # A reading with another mark or unexplained ink is never accepted.
    open_ = np.array([reading is not None and not reading.others and not reading.unexplained for reading, _ in found])
    odds = np.array([reading.log_odds if reading else -np.inf for reading, _ in found])
    slope, offset = _fitted(odds[open_], right[open_])
    confidence = np.where(open_, 1 / (1 + np.exp(-(slope * odds + offset))), 0.0)
    number = np.array([OTHER not in text for _, text in found])
    return Calibration(
        numbers_right=round(float(right[number].mean()), 4),
        slope=round(slope, 4),
        offset=round(offset, 4),
        accept_threshold=lowest_threshold(confidence, LIMITS, (digits, WRONG_DIGITS), (right | ~digits, WRONG_SIGNS)),
        coverage=coverage_curve(confidence, right),
    )


def _read(picture: Gray, look: Look) -> SheetReading | None:
    sheet = prepare(picture).sheet
    return read_sheet(sheet, look) if sheet else None


def _says(reading: SheetReading) -> str:
    return reading.written.replace(GAP, "") + OTHER * len(reading.others)


def _digits(text: str) -> str:
    """Leave out signs and gaps."""
    return "".join(one for one in text if one.isdigit() or one == OTHER)


def _fitted(odds: NDArray[np.floating], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit `1 / (1 + exp(-(slope * odds + offset)))` to what is right, by Newton's method."""
    inputs = np.stack([odds, np.ones_like(odds)], axis=1)
    start = np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-(inputs @ weights)))
        slope = inputs.T @ (expected - right) + _HELD * (weights - start)
        bend = (inputs * (expected * (1 - expected))[:, None]).T @ inputs + _HELD * np.eye(2)
        weights = weights - np.linalg.solve(bend, slope)
    return float(weights[0]), float(weights[1])
