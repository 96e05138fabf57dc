"""Measure a trained network: accuracy, confusions, calibration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Counts, Crops, DigitLabels, Probabilities
from recognizer.contract import CLASSES
from recognizer.model import soften

#: Images a step: enough to keep the processor busy, few enough to need no memory.
BATCH = 1_000
#: Largest share of wrong readings among the accepted ones.
WRONG_ACCEPTED = 0.005
#: Confidence below which nothing is accepted, however good the figures: held-out digits alone would say about 0.6. Of
#: 1,290 digits that other people drew, scanned or photographed 98.2% are accepted at 0.95, and 0.1% of those are wrong.
LEAST_THRESHOLD = 0.95
#: Largest share of digits that may be taken for no digit.
LOST = 0.0005
#: Confidence from which a picture is never taken for no digit: one label then outweighs all others.
MOST_REJECTED = 0.5
#: Highest threshold: a higher one would leave everything to people.
MOST_THRESHOLD = 0.999
#: Temperatures tried. 1 keeps the network's own confidence; a higher one lowers it.
TEMPERATURES = np.geomspace(0.25, 4.0, 161)


def probabilities(network: Any, images: Crops) -> Probabilities:  # noqa: ANN401 - Keras ships no types
    """Give `(n, 10)` uncalibrated probabilities for `(n, 28, 28)` uint8 images."""
    starts = range(0, len(images), BATCH)
    return np.concatenate([network.predict_on_batch(images[start : start + BATCH, ..., None]) for start in starts])


def accuracy(found: Probabilities, labels: DigitLabels) -> float:
    """Give the top-1 accuracy as a fraction of 1."""
    return float(np.mean(found.argmax(axis=1) == labels))


def confusion(found: Probabilities, labels: DigitLabels) -> Counts:
    """Count readings: row is the true digit, column the one that was read, `(10, 10)`."""
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(counts, (labels, found.argmax(axis=1)), 1)
    return counts


def temperature(found: Probabilities, labels: DigitLabels) -> float:
    """Find the temperature that makes the true labels most likely (temperature scaling, Guo et al. 2017)."""
    losses = [_negative_log_likelihood(soften(found, float(value)), labels) for value in TEMPERATURES]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)


def _negative_log_likelihood(found: Probabilities, labels: DigitLabels) -> float:
    right = found[np.arange(len(labels)), labels]
    return float(-np.mean(np.log(np.maximum(right, np.finfo(np.float32).tiny))))


def accept_threshold(calibrated: Probabilities, labels: DigitLabels) -> float:
    """Find the lowest threshold that accepts at most WRONG_ACCEPTED wrong readings, within the limits above."""
    right = calibrated.argmax(axis=1) == labels
    return lowest_threshold(calibrated.max(axis=1), (LEAST_THRESHOLD, MOST_THRESHOLD), (right, WRONG_ACCEPTED))


def lowest_threshold(
    confidence: NDArray[np.floating], limits: tuple[float, float], *most: tuple[NDArray[np.bool_], float]
) -> float:
    """Find the lowest threshold within limits above which all of `most` hold.

    Each says which readings are right, and how many of the readings may be wrong at most, as a fraction of 1.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_ = confidence[order]
    good = np.diff(sorted_, append=-1) < 0  # a threshold takes all readings of one confidence or none
    for right, wrong in most:
        good &= np.cumsum(~right[order]) <= wrong * np.arange(1, len(order) + 1)
    found = sorted_[good]
    lowest = float(found[-1]) if len(found) else 1.0
    # rounded up: a rounded-down threshold would let in the readings just below it
    return min(max(float(np.ceil(lowest * 1e4) / 1e4), limits[0]), limits[1])


def reject_threshold(calibrated: Probabilities) -> float:
    """Find the confidence below which a picture holds no digit: at most LOST of the digits lie there."""
    return round(min(float(np.quantile(calibrated.max(axis=1), LOST)), MOST_REJECTED), 4)
