"""Figures about labelled pictures."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.figures import Figures, auroc, confusion, evaluate, figures
from evaluation.labels import Amount, Labelled
from evaluation.outcome import Outcome
from recognizer.contract import Card, CoveragePoint
from recognizer.reading import Verdict

MakeOutcome = Callable[..., Outcome]

CARD = Card(4, "cnn", "", 1, 1, 1, 0.9955, 1.0, 0.9, 0.2, "", 1.0, {})
UNREAD = Outcome(Labelled("gone.png", "5"), None, "there is no such file")


def test_a_reading_is_right_if_its_text_is_the_label_to_the_last_zero(outcome: MakeOutcome) -> None:
    assert outcome("0472", "0472").right
    assert not outcome("0472", "472").right


def test_the_likeliest_digits_of_a_rejected_picture_can_be_right_though_it_shows_nothing(outcome: MakeOutcome) -> None:
    one = outcome("7", "7", Verdict.REJECTED)
    assert one.top1_right
    assert not one.right


@pytest.mark.parametrize("verdict", Verdict)
def test_a_picture_without_a_digit_is_right_unless_it_is_accepted(outcome: MakeOutcome, verdict: Verdict) -> None:
    one, right = outcome("none", "7", verdict), verdict is not Verdict.ACCEPTED
    assert (one.right, one.top1_right, one.accepted_wrong) == (right, right, not right)


def test_a_picture_that_could_not_be_read_is_wrong_whatever_its_label() -> None:
    for label in ("5", "none"):
        one = Outcome(Labelled("gone.png", label), None, "there is no such file")
        assert not one.right
        assert not one.top1_right
        assert (one.verdict, one.reason, one.trust) == ("failed", "there is no such file", 0.0)


def test_signs_count_once_a_number_is_accepted(outcome: MakeOutcome) -> None:
    one = outcome("12.5", "125", written="125")
    assert (one.digits_right, one.signs_right, one.right, one.accepted_wrong) == (True, False, False, True)
    one = outcome("12.5", "125", Verdict.REVIEW, written="125")
    assert (one.digits_right, one.signs_right, one.right, one.accepted_wrong) == (True, False, True, False)
    one = outcome("12.5", "125", written="12.5")
    assert (one.digits_right, one.signs_right, one.right, one.accepted_wrong) == (True, True, True, False)
    one = outcome("12.5", "175", written="17.5")
    assert (one.digits_right, one.signs_right, one.right, one.accepted_wrong) == (False, False, False, True)


def test_a_label_of_plain_digits_is_judged_by_its_digits(outcome: MakeOutcome) -> None:
    assert outcome("125", "125", written="12.5").right
    assert outcome("125", "125", written="").right


def test_runs_of_spaces_count_as_one_space(outcome: MakeOutcome) -> None:
    assert outcome("12 34", "1234", written=" 12   34").right
    assert not outcome("12 34", "1234", written="1234").right


def test_figures_tell_right_digits_from_right_signs_where_labels_have_signs(outcome: MakeOutcome) -> None:
    counted = figures(
        [
            outcome("-3", "3", written="-3"),
            outcome("-3", "3", written="3"),
            outcome("-3", "8", written="-8"),
            outcome("-3", "3", Verdict.REJECTED),
            Outcome(Labelled("gone.png", "-3"), None, "there is no such file"),
            outcome("3", "8"),
        ]
    )
    assert (counted.files, counted.signed, counted.digits_right, counted.signs_right) == (6, 5, 2, 1)
    assert (counted.digits_right_share, counted.signs_right_share) == (0.4, 0.2)
    assert (counted.top1_right, counted.right, counted.accepted_wrong) == (3, 1, 3)


def test_without_signs_in_the_labels_there_are_no_shares_of_signs(outcome: MakeOutcome) -> None:
    counted = figures([outcome("7", "7"), outcome("none", "")])
    assert (counted.signed, counted.digits_right_share, counted.signs_right_share) == (0, None, None)


def test_figures_count_every_kind_of_outcome(outcome: MakeOutcome) -> None:
    ones = [
        outcome("7", "7"),
        outcome("7", "1"),
        outcome("7", "7", Verdict.REVIEW),
        outcome("7", "7", Verdict.REJECTED),
        UNREAD,
    ]
    counted = figures(ones)
    assert counted == Figures(
        files=5, top1_right=3, right=2, accepted=2, accepted_wrong=1, signed=0, digits_right=0, signs_right=0
    )
    shares = counted.top1_right_share, counted.right_share, counted.accepted_share, counted.accepted_wrong_share
    assert shares == (0.6, 0.4, 0.4, 0.5)


def test_nothing_has_no_shares() -> None:
    empty = figures([])
    assert (empty.top1_right_share, empty.right_share, empty.accepted_share, empty.accepted_wrong_share) == (None,) * 4


def test_groups_are_by_amount_kind_and_source(outcome: MakeOutcome) -> None:
    ones = [
        outcome("7", "7", kind="scan", source="bob"),
        outcome("12", "12", kind="drawn", source="bob"),
        outcome("12", "13", kind="drawn"),
    ]
    found = evaluate(ones, CARD)
    assert {amount: one.files for amount, one in found.amounts.items()} == {
        Amount.SINGLE: 1, Amount.SEVERAL: 2, Amount.NONE: 0,
    }  # fmt: skip
    assert [(name, one.right) for name, one in found.kinds.items()] == [("drawn", 1), ("scan", 1)]
    assert {name: one.files for name, one in found.sources.items()} == {"": 1, "bob": 2}
    assert found.everything.files == 3


def test_labels_without_kinds_and_sources_have_no_such_groups(outcome: MakeOutcome) -> None:
    found = evaluate([outcome("7", "7")], CARD)
    assert (found.kinds, found.sources) == ({}, {})


def test_confusion_has_the_label_by_row_and_a_last_column_for_not_one_digit(outcome: MakeOutcome) -> None:
    ones = [
        outcome("7", "7"),
        outcome("7", "1", Verdict.REJECTED),
        outcome("7", "11"),
        outcome("3", "", Verdict.REJECTED),
        UNREAD,
        outcome("77", "77"),
        outcome("none", "7"),
        outcome("-3", "3", written="-3"),
    ]
    counts = confusion(ones)
    assert counts.shape == (10, 11)
    assert counts.sum() == 6
    assert counts[3, 3] == 1
    assert (counts[7, 7], counts[7, 1], counts[7, 10], counts[3, 10], counts[5, 10]) == (1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("higher", "lower", "expected"),
    [
        ([0.9, 0.8], [0.1, 0.2, 0.3], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5, 0.5], [0.5], 0.5),
        ([0.9, 0.4, 0.4], [0.4, 0.2], (2 + 1.5 + 1.5) / 6),
        ([], [0.5], None),
        ([0.5], [], None),
    ],
)
def test_auroc_is_the_share_of_pairs_in_the_right_order(
    higher: list[float], lower: list[float], expected: float | None
) -> None:
    found = auroc(np.array(higher), np.array(lower))
    assert found == (None if expected is None else pytest.approx(expected))


def test_single_digits_are_held_against_pictures_without_one(outcome: MakeOutcome) -> None:
    ones = [
        outcome("7", "7", confidence=0.9),
        outcome("8", "8", Verdict.REJECTED, confidence=0.2),
        outcome("12", "12", confidence=0.1),
        outcome("none", "7", Verdict.REVIEW, confidence=0.5),
        UNREAD,
    ]
    assert evaluate(ones, CARD).auroc == 0.5


def test_coverage_takes_rejected_and_unread_pictures_as_never_accepted(outcome: MakeOutcome) -> None:
    ones = [
        outcome("7", "7", confidence=0.95),
        outcome("7", "1", Verdict.REVIEW, confidence=0.85),
        outcome("7", "7", Verdict.REJECTED, confidence=0.99),
        UNREAD,
        outcome("none", "7", confidence=0.99),
    ]
    found = evaluate(ones, CARD)
    points = {point.threshold: point for point in found.curve.usual}
    assert points[0.0] == CoveragePoint(0.0, 1.0, 0.75)
    assert points[0.5] == CoveragePoint(0.5, 0.5, 0.5)
    assert found.curve.at_threshold == CoveragePoint(0.9, 0.25, 0.0)
    assert [point.threshold for point in found.curve.drawn] == [0.0, 0.85, 0.95]


def test_numbers_have_a_curve_of_their_own(outcome: MakeOutcome) -> None:
    ones = [
        outcome("7", "7", confidence=0.95),
        outcome("-7", "7", confidence=0.96, written="-7"),
        outcome("12", "12", confidence=0.97),
        outcome("12", "13", confidence=0.98),
        outcome("none", "7", confidence=0.99),
    ]
    curves = evaluate(ones, CARD).curves
    assert {amount: curve.at_threshold for amount, curve in curves.items()} == {
        Amount.SINGLE: CoveragePoint(0.9, 1.0, 0.0), Amount.SEVERAL: CoveragePoint(0.9, 1.0, 0.5),
    }  # fmt: skip
    assert evaluate(ones, CARD).curve.at_threshold == CoveragePoint(0.9, 1.0, 0.25)
    assert list(evaluate(ones[:2], CARD).curves) == [Amount.SINGLE]


def test_wrong_signs_are_an_error_at_every_threshold_that_accepts_them(outcome: MakeOutcome) -> None:
    one = outcome("12.5", "125", Verdict.REVIEW, confidence=0.85, written="125")
    points = {point.threshold: point for point in evaluate([one], CARD).curve.usual}
    assert points[0.8] == CoveragePoint(0.8, 1.0, 1.0)
    assert points[0.9] == CoveragePoint(0.9, 0.0, 0.0)


def test_the_drawn_curve_has_no_more_points_than_can_be_told_apart(outcome: MakeOutcome) -> None:
    found = evaluate([outcome("7", "7", confidence=0.5 + number / 2000) for number in range(999)], CARD)
    assert len(found.curve.drawn) <= 400
    assert found.curve.drawn[0] == CoveragePoint(0.0, 1.0, 0.0)
    assert found.curve.drawn[-1].threshold == 0.999


def test_the_wrongly_accepted_come_first_and_the_surest_of_them_before(outcome: MakeOutcome) -> None:
    ones = [
        UNREAD,
        outcome("7", "1", Verdict.REVIEW, confidence=0.8, file="review.png"),
        outcome("7", "1", confidence=0.95, file="sure.png"),
        outcome("7", "7", file="right.png"),
        outcome("7", "1", confidence=0.99, file="surer.png"),
    ]
    names = [one.wanted.file for one in evaluate(ones, CARD).wrong]
    assert names == ["surer.png", "sure.png", "review.png", "gone.png"]
    assert evaluate(ones, CARD).unread == (UNREAD,)
