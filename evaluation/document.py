"""Write an evaluation as JSON. These keys stay; later versions may add others.

    model          version, architecture, accept_threshold, reject_threshold
    overall        all, single_digits, several_digits, no_digit: figures
    kinds, sources name: figures; empty if the labels give none
    auroc          how well confidence tells pictures of one digit from those of none; null without either
    confusion      read: ten rows, the true digit, of ten columns, the digit read; not_one_digit: ten counts
    coverage       threshold, coverage, error, at usual thresholds, of pictures labelled with digits
    at_threshold   the same at the model's own
    coverage_by_amount  single_digits and several_digits, as far as there are any: coverage and at_threshold of these
    wrong          file, label, source, kind, reading, confidence, verdict, reason, digits and written of all that is
                   not right as shown, the wrongly accepted first; a digit has label, confidence, box and ten
                   probabilities

Figures are counts (files; top1_right: the likeliest digits are right, accepted or not; right: as shown to users;
accepted; accepted_wrong; signed: files whose labels have signs, of which digits_right and signs_right) and shares
(top1_right_share, right_share, accepted_share of the files, accepted_wrong_share of the accepted, digits_right_share
and signs_right_share of the signed), null where there is nothing to divide by. A picture without a digit is right if it
is not accepted. One whose label has signs is right if its digits are, and once it is accepted its signs too. A file
that could not be read is wrong, has the verdict `failed`, and null for reading, confidence and written. Shares,
confidences and probabilities are fractions of 1; a box is in the picture's pixels.
"""

import dataclasses
import json
from typing import Any

from evaluation.figures import Curve, Evaluation, Figures
from evaluation.labels import Amount
from evaluation.outcome import Outcome
from recognizer.contract import CLASSES
from recognizer.reading import Digit

_SHARES = (
    "top1_right_share", "right_share", "accepted_share", "accepted_wrong_share", "digits_right_share",
    "signs_right_share",
)  # fmt: skip


def evaluation_json(evaluation: Evaluation) -> str:
    """Write the whole evaluation, ending in a newline. File names are as the labels have them."""
    card = evaluation.card
    fields = {
        "model": {
            "version": card.version,
            "architecture": card.architecture,
            "accept_threshold": card.accept_threshold,
            "reject_threshold": card.reject_threshold,
        },
        "overall": {
            "all": _figures(evaluation.everything),
            **{_key(amount): _figures(one) for amount, one in evaluation.amounts.items()},
        },
        "kinds": {name: _figures(one) for name, one in evaluation.kinds.items()},
        "sources": {name: _figures(one) for name, one in evaluation.sources.items()},
        "auroc": evaluation.auroc,
        "confusion": {
            "read": evaluation.confusion[:, :CLASSES].tolist(),
            "not_one_digit": evaluation.confusion[:, CLASSES].tolist(),
        },
        **_curve(evaluation.curve),
        "coverage_by_amount": {_key(amount): _curve(curve) for amount, curve in evaluation.curves.items()},
        "wrong": [_outcome(one) for one in evaluation.wrong],
    }
    return json.dumps(fields, indent=1, allow_nan=False) + "\n"


def _key(amount: Amount) -> str:
    return amount.replace(" ", "_")


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "coverage": [dataclasses.asdict(point) for point in curve.usual],
        "at_threshold": dataclasses.asdict(curve.at_threshold),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {**dataclasses.asdict(figures), **{name: getattr(figures, name) for name in _SHARES}}


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        **dataclasses.asdict(one.wanted),
        "reading": one.reading and one.reading.text,
        "confidence": one.reading and one.reading.confidence,
        "verdict": one.verdict,
        "reason": one.reason,
        "digits": [_digit(digit) for digit in one.reading.digits] if one.reading else [],
        "written": one.reading and one.reading.written,
    }


def _digit(digit: Digit) -> dict[str, Any]:
    return {
        "label": digit.label,
        "confidence": digit.confidence,
        "box": dataclasses.asdict(digit.box),
        "probabilities": digit.probabilities,
    }
