"""The curve of coverage against error."""

import numpy as np
import pytest

from recognizer.contract import CoveragePoint
from recognizer.coverage import THRESHOLDS, coverage_curve

CONFIDENCE = np.array([0.99, 0.4, 0.9, 0.6])
RIGHT = np.array([True, False, False, True])


def test_each_threshold_has_its_share_of_readings_and_of_wrong_ones_among_them() -> None:
    assert coverage_curve(CONFIDENCE, RIGHT, (0.0, 0.5, 0.7, 0.95)) == (
        CoveragePoint(0.0, 1.0, 0.5),
        CoveragePoint(0.5, 0.75, 1 / 3),
        CoveragePoint(0.7, 0.5, 0.5),
        CoveragePoint(0.95, 0.25, 0.0),
    )


def test_a_reading_exactly_at_the_threshold_is_covered() -> None:
    assert coverage_curve(CONFIDENCE, RIGHT, (0.9,)) == (CoveragePoint(0.9, 0.5, 0.5),)


def test_thresholds_keep_the_order_they_were_given_in() -> None:
    assert [point.threshold for point in coverage_curve(CONFIDENCE, RIGHT, (0.9, 0.1))] == [0.9, 0.1]


def test_nothing_covered_has_no_error() -> None:
    assert coverage_curve(CONFIDENCE, RIGHT, (0.999,)) == (CoveragePoint(0.999, 0.0, 0.0),)


def test_without_readings_nothing_is_covered() -> None:
    points = coverage_curve(np.array([]), np.array([], bool))
    assert points == tuple(CoveragePoint(threshold, 0.0, 0.0) for threshold in THRESHOLDS)


def test_confidences_of_single_precision_are_taken_too() -> None:
    assert coverage_curve(CONFIDENCE.astype(np.float32), RIGHT, (0.7,)) == (CoveragePoint(0.7, 0.5, 0.5),)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4,\) and \(3,\)"):
        coverage_curve(CONFIDENCE, RIGHT[:3])
