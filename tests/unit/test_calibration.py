"""The confidence of numbers is what it says, on numbers that were never trained on."""

import numpy as np
import pytest

from recognizer.arrays import Cells, Gray
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, OUTPUTS
from recognizer.symbols import SYMBOLS, Symbol
from trainer.evaluate import lowest_threshold
from trainer.numbers.calibration import LIMITS, WRONG_DIGITS, _fitted, calibrate


def test_slope_and_offset_are_found_again() -> None:
    rng = np.random.default_rng(1)
    logs = -rng.exponential(1.0, 20_000)
    right = rng.random(20_000) < 1 / (1 + np.exp(-(1.7 * logs + 2.2)))
    slope, offset = _fitted(logs, right)
    assert slope == pytest.approx(1.7, abs=0.1)
    assert offset == pytest.approx(2.2, abs=0.1)


def test_readings_that_are_all_right_have_no_endless_slope() -> None:
    slope, offset = _fitted(np.full(50, -0.1), np.ones(50, bool))
    assert np.isfinite([slope, offset]).all()
    assert 1 / (1 + np.exp(-(slope * -0.1 + offset))) > 0.9


def test_the_threshold_lets_in_no_more_wrong_ones_than_asked_for() -> None:
    confidence = np.linspace(1.0, 0.0, 1_001)
    right = confidence > 0.95
    assert 0.93 < lowest_threshold(confidence, (0.5, 0.999), (right, WRONG_DIGITS)) <= 0.951
    assert lowest_threshold(confidence, LIMITS, (np.ones(1_001, bool), WRONG_DIGITS)) == LIMITS[0]
    assert lowest_threshold(confidence, LIMITS, (np.zeros(1_001, bool), WRONG_DIGITS)) == LIMITS[1]


def says_three(picture: Gray) -> Cells:
    """See one 3 in the middle of whatever it is shown."""
    rows, columns = picture.shape[0] // CELL_HEIGHT, picture.shape[1] // CELL_WIDTH
    cells = np.zeros((rows, columns, OUTPUTS), np.float32)
    cells[..., Symbol.NOTHING] = 12.0
    cells[rows // 2, columns // 2, [3, Symbol.NOTHING]] = 6.0, 0.0
    cells[rows // 2, columns // 2, SYMBOLS + 2 :] = np.log(1.0 + 0.05)
    return cells


def bar() -> Gray:
    picture = np.zeros((40, 60), np.uint8)
    picture[10:30, 25:35] = 230
    return picture


def test_the_share_of_numbers_read_right_is_measured() -> None:
    found = calibrate(says_three, [(bar(), "3")] * 30 + [(bar(), "5")] * 10)
    assert found.numbers_right == pytest.approx(0.75)
    assert found.accept_threshold == LIMITS[1]
    assert found.coverage[0].error == pytest.approx(0.25)


def test_a_wrong_digit_and_a_wrong_sign_have_limits_of_their_own() -> None:
    """Of 1,000 readings of equal confidence 15 have a wrong sign, which is allowed, or a wrong digit, which is not."""
    right = [(bar(), "3")] * 985
    assert calibrate(says_three, [*right, *[(bar(), "3.")] * 15]).accept_threshold < LIMITS[1]
    assert calibrate(says_three, [*right, *[(bar(), "5")] * 15]).accept_threshold == LIMITS[1]
    assert calibrate(says_three, [*right[:-15], *[(bar(), "3.")] * 30]).accept_threshold == LIMITS[1]
