"""Figures about labelled pictures: how much is right, what is taken for what, what a threshold would give. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.labels import Amount
from evaluation.outcome import Outcome
from recognizer.arrays import Counts
from recognizer.contract import CLASSES, Card, CoveragePoint
from recognizer.coverage import THRESHOLDS, coverage_curve

#: Maximum number of points of the drawn curve: its width in pixels can't tell more apart.
_DRAWN = 400
_WITH_DIGITS = (Amount.SINGLE, Amount.SEVERAL)


@dataclass(frozen=True)
class Figures:
    """Counts over one group of pictures; shares are fractions of 1, None where there is nothing to divide by.

    `top1_right`: the most probable labels are right, accepted or not. `right`: what users are shown is right.
    A picture without a digit counts as both if it is not accepted. Of the `signed`, whose labels have signs,
    `digits_right` are shown with the label's digits and `signs_right` are written as the label is.
    """

    files: int
    top1_right: int
    right: int
    accepted: int
    accepted_wrong: int
    signed: int
    digits_right: int
    signs_right: int

    @property
    def top1_right_share(self) -> float | None:
        """The share of files whose most probable labels are right."""
        return self.top1_right / self.files if self.files else None

    @property
    def right_share(self) -> float | None:
        """The share of files that are right as shown."""
        return self.right / self.files if self.files else None

    @property
    def accepted_share(self) -> float | None:
        """The share of files that are accepted."""
        return self.accepted / self.files if self.files else None

    @property
    def accepted_wrong_share(self) -> float | None:
        """The share of the accepted files that are wrong."""
        return self.accepted_wrong / self.accepted if self.accepted else None

    @property
    def digits_right_share(self) -> float | None:
        """The share of the signed that are shown with the right digits."""
        return self.digits_right / self.signed if self.signed else None

    @property
    def signs_right_share(self) -> float | None:
        """The share of the signed that are written right."""
        return self.signs_right / self.signed if self.signed else None


@dataclass(frozen=True)
class Curve:
    """Coverage against error: at the usual thresholds, at those that a drawing shows, and at the model's own."""

    usual: tuple[CoveragePoint, ...]
    drawn: tuple[CoveragePoint, ...]
    at_threshold: CoveragePoint

    @property
    def rows(self) -> list[CoveragePoint]:
        """The usual thresholds and the model's own, in order."""
        return sorted({*self.usual, self.at_threshold}, key=lambda point: point.threshold)


@dataclass(frozen=True)
class Evaluation:
    """All figures of one model on one set of labelled pictures.

    `confusion` counts pictures of one digit, `(10, 11)`: row is the label, column the digit that was read, the last
    one all in which not exactly one was found. `curve` is about all pictures labelled with digits, `curves` about those
    of one digit and of several apart, as far as there are any. `auroc` tells how well confidence separates pictures of
    one digit from those of none: 1 perfectly, 0.5 not at all, None without either.
    """

    card: Card
    outcomes: tuple[Outcome, ...]
    everything: Figures
    amounts: dict[Amount, Figures]
    kinds: dict[str, Figures]
    sources: dict[str, Figures]
    auroc: float | None
    confusion: Counts
    curve: Curve
    curves: dict[Amount, Curve]

    @property
    def wrong(self) -> tuple[Outcome, ...]:
        """All that are not right as shown: first those that nobody would notice, the surest first."""
        ones = (one for one in self.outcomes if not one.right)
        return tuple(sorted(ones, key=lambda one: (not one.accepted, one.reading is None, -one.trust)))

    @property
    def unread(self) -> tuple[Outcome, ...]:
        """All that could not be read."""
        return tuple(one for one in self.outcomes if one.reading is None)


def evaluate(outcomes: Sequence[Outcome], card: Card) -> Evaluation:
    """Compute all figures of the model that `card` describes."""
    digits = {amount: [one for one in outcomes if one.wanted.amount is amount] for amount in _WITH_DIGITS}
    return Evaluation(
        card=card,
        outcomes=tuple(outcomes),
        everything=figures(outcomes),
        amounts={amount: figures(one for one in outcomes if one.wanted.amount is amount) for amount in Amount},
        kinds=_grouped(outcomes, lambda one: one.wanted.kind),
        sources=_grouped(outcomes, lambda one: one.wanted.source),
        auroc=_digit_auroc(outcomes),
        confusion=confusion(outcomes),
        curve=_curve([one for ones in digits.values() for one in ones], card),
        curves={amount: _curve(ones, card) for amount, ones in digits.items() if ones},
    )


def figures(outcomes: Iterable[Outcome]) -> Figures:
    """Count one group."""
    ones = list(outcomes)
    signed = [one for one in ones if one.wanted.has_signs]
    return Figures(
        files=len(ones),
        top1_right=sum(one.top1_right for one in ones),
        right=sum(one.right for one in ones),
        accepted=sum(one.accepted for one in ones),
        accepted_wrong=sum(one.accepted_wrong for one in ones),
        signed=len(signed),
        digits_right=sum(one.digits_right for one in signed),
        signs_right=sum(one.signs_right for one in signed),
    )


def confusion(outcomes: Iterable[Outcome]) -> Counts:
    """Count pictures of one digit as `Evaluation.confusion` says."""
    counts = np.zeros((CLASSES, CLASSES + 1), np.int64)
    for one in outcomes:
        if one.wanted.amount is Amount.SINGLE:
            counts[int(one.wanted.digits), int(one.top1) if len(one.top1) == 1 else CLASSES] += 1
    return counts


def auroc(higher: NDArray[np.floating], lower: NDArray[np.floating]) -> float | None:
    """Give the probability that one of `higher` exceeds one of `lower`, ties counting half (Mann and Whitney, 1947).

    Both have shape `(n,)`; None if one is empty.
    """
    if not len(higher) or not len(lower):
        return None
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, "left") + np.searchsorted(ordered, higher, "right")
    return float(below.mean() / 2 / len(lower))


def _digit_auroc(outcomes: Sequence[Outcome]) -> float | None:
    """Compare the confidence of all that could be read, the rejected included: they are what it is to tell apart."""
    single, none = (
        np.array([one.reading.confidence for one in outcomes if one.reading and one.wanted.amount is amount])
        for amount in (Amount.SINGLE, Amount.NONE)
    )
    return auroc(single, none)


def _grouped(outcomes: Iterable[Outcome], name: Callable[[Outcome], str]) -> dict[str, Figures]:
    """Count by a name, in its order; nothing if no picture has one."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[name(one)].append(one)
    return {key: figures(groups[key]) for key in sorted(groups)} if any(groups) else {}


def _curve(outcomes: Sequence[Outcome], card: Card) -> Curve:
    trust = np.array([one.trust for one in outcomes])
    right = np.array([one.right_if_accepted for one in outcomes], bool)
    return Curve(
        usual=coverage_curve(trust, right),
        drawn=coverage_curve(trust, right, _drawn_thresholds(trust)),
        at_threshold=coverage_curve(trust, right, (card.accept_threshold,))[0],
    )


def _drawn_thresholds(trust: NDArray[np.floating]) -> list[float]:
    """Choose the confidences that occur, at most _DRAWN of them, evenly."""
    occurring = np.unique(np.append(trust, THRESHOLDS[0]))
    places = np.unique(np.linspace(0, len(occurring) - 1, _DRAWN).round().astype(int))
    return [float(value) for value in occurring[places]]
