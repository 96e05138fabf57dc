"""Figures about a network's answers."""

import numpy as np
import pytest

from recognizer.model import soften
from trainer import evaluate


def answers(count: int, wrong: int, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Make answers of one confidence, the first `wrong` of them naming the next digit."""
    labels = (np.arange(count) % 10).astype(np.uint8)
    found = np.full((count, 10), (1 - confidence) / 9, np.float32)
    named = (labels + (np.arange(count) < wrong)) % 10
    found[np.arange(count), named] = confidence
    return found, labels


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert evaluate.accuracy(*answers(200, 30, 0.9)) == pytest.approx(0.85)


def test_confusion_counts_the_true_digit_by_row() -> None:
    counts = evaluate.confusion(*answers(20, 1, 0.9))
    assert counts.sum() == 20
    assert counts[0, 1] == 1
    assert counts[0, 0] == 1


def test_overconfident_answers_are_made_humbler() -> None:
    found, labels = answers(1000, 200, 0.99)
    temperature = evaluate.temperature(found, labels)
    assert temperature > 1
    assert soften(found, temperature).max() == pytest.approx(0.8, abs=0.02)


def test_too_humble_answers_are_made_surer() -> None:
    assert evaluate.temperature(*answers(1000, 10, 0.7)) < 1


def test_threshold_keeps_wrong_answers_out() -> None:
    sure, sure_labels = answers(1000, 2, 0.99)
    unsure, unsure_labels = answers(200, 40, 0.96)
    found, labels = np.concatenate([sure, unsure]), np.concatenate([sure_labels, unsure_labels])
    threshold = evaluate.accept_threshold(found, labels)
    assert 0.96 < threshold <= 0.99 + 1e-4


def test_threshold_is_never_low_however_good_the_figures() -> None:
    assert evaluate.accept_threshold(*answers(1000, 0, 0.3)) == evaluate.LEAST_THRESHOLD


def test_threshold_stays_reachable_when_nothing_can_be_trusted() -> None:
    assert evaluate.accept_threshold(*answers(100, 100, 0.99)) == evaluate.MOST_THRESHOLD


def test_hardly_any_digit_lies_below_the_confidence_of_no_digit() -> None:
    sure, odd = answers(999, 0, 0.9), answers(1, 0, 0.2)
    threshold = evaluate.reject_threshold(np.concatenate([sure[0], odd[0]]))
    assert 0.2 < threshold <= evaluate.MOST_REJECTED


def test_unsure_network_rejects_little() -> None:
    assert evaluate.reject_threshold(answers(1000, 0, 0.3)[0]) == pytest.approx(0.3)
