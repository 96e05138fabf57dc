"""Weigh how many readings a threshold accepts against how many of those are wrong."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.contract import CoveragePoint

#: Confidences worth a row of a table; they lie closer where a usual threshold lies.
THRESHOLDS: tuple[float, ...] = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)


def coverage_curve(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], thresholds: Sequence[float] = THRESHOLDS
) -> tuple[CoveragePoint, ...]:
    """Give one point a threshold, in the same order, for readings as two arrays of shape `(n,)`.

    Without readings coverage is 0.0. Raises ValueError where the shapes differ.
    """
    if confidence.ndim != 1 or confidence.shape != right.shape:
        raise ValueError(f"shapes {confidence.shape} and {right.shape} are not (n,) twice")
    order = np.argsort(confidence)
    # Wrong ones from each place of the ascending order up to its end, and none after it.
    wrong = np.append(np.cumsum(~right[order][::-1])[::-1], 0)
    starts = np.searchsorted(confidence[order], thresholds, side="left")
    return tuple(
        _point(threshold, covered=len(confidence) - start, wrong=int(wrong[start]), readings=len(confidence))
        for threshold, start in zip(thresholds, starts.tolist(), strict=True)
    )


def _point(threshold: float, *, covered: int, wrong: int, readings: int) -> CoveragePoint:
    return CoveragePoint(threshold, covered / max(readings, 1), wrong / max(covered, 1))
