"""The shipped model on images that other people drew, photographed and scanned; they live outside the repository."""

from pathlib import Path

import numpy as np
import pytest

from cli.read import read_files
from evaluation.figures import Figures, auroc, figures
from evaluation.labels import Amount, locate, read_labels
from evaluation.outcome import Outcome
from recognizer.errors import UnreadableImage
from recognizer.model import load_model
from recognizer.versions import active_version

pytestmark = pytest.mark.shared

ROOT = Path(__file__).parents[2]
IMAGES = ROOT.parent / "shared" / "realdigits"
#: Kinds that are counted apart: arrays of a few pixels, webcam frames.
APART = {"array8", "array16-binary", "webcam-frame32"}


@pytest.fixture(scope="module")
def found() -> list[Outcome]:
    labels = read_labels(IMAGES / "labels.csv")
    model = load_model(ROOT / "recognizer" / "shipped", active_version(ROOT / "recognizer" / "shipped"))
    readings = [reading for _, reading in read_files(locate(IMAGES, labels), model)]
    assert not [one for one in readings if isinstance(one, UnreadableImage)]
    pairs = zip(labels, readings, strict=True)
    return [Outcome(label, one) for label, one in pairs if not isinstance(one, UnreadableImage)]


def of(found: list[Outcome], amount: Amount) -> list[Outcome]:
    return [one for one in found if one.wanted.amount is amount and one.wanted.kind not in APART]


def counted(found: list[Outcome], amount: Amount) -> Figures:
    return figures(of(found, amount))


def test_single_digits_are_read_right_and_the_stated_error_rate_holds(found: list[Outcome]) -> None:
    single = counted(found, Amount.SINGLE)
    assert single.files > 1000
    assert single.top1_right >= 0.99 * single.files
    assert single.accepted >= 0.965 * single.files
    assert single.accepted_wrong <= 0.005 * single.accepted


def test_several_digits_are_read_as_one_text(found: list[Outcome]) -> None:
    several = counted(found, Amount.SEVERAL)
    assert several.top1_right >= 0.9 * several.files
    assert several.accepted_wrong <= 0.02 * several.accepted


def test_what_is_no_digit_is_not_accepted(found: list[Outcome]) -> None:
    none = counted(found, Amount.NONE)
    assert none.accepted <= 0.05 * none.files


def test_confidence_tells_digits_from_what_is_none(found: list[Outcome]) -> None:
    single, none = (
        np.array([one.reading.confidence for one in of(found, amount) if one.reading])
        for amount in (Amount.SINGLE, Amount.NONE)
    )
    separation = auroc(single, none)
    assert separation is not None
    assert separation >= 0.985
