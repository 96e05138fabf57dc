"""An evaluation as a page and as JSON."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import evaluation.contact_sheet
from evaluation.coverage_plot import coverage_plot
from evaluation.document import evaluation_json
from evaluation.figures import evaluate
from evaluation.labels import Labelled
from evaluation.outcome import Outcome
from evaluation.page import page_parts
from recognizer.contract import Card, CoveragePoint
from recognizer.reading import Verdict
from tests.page import Page

MakeOutcome = Callable[..., Outcome]

CARD = Card(4, "cnn", "", 1, 1, 1, 0.9955, 1.0, 0.9, 0.2, "", 1.0, {})
HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m\u202e'


def _written(folder: Path, *outcomes: Outcome) -> str:
    return "".join(page_parts(evaluate(outcomes, CARD), folder))


def test_names_and_kinds_and_sources_are_only_text(outcome: MakeOutcome, tmp_path: Path) -> None:
    written = _written(tmp_path, outcome("7", "1", file=HOSTILE, kind=HOSTILE, source=HOSTILE))
    assert "<img src=x" not in written
    assert "\x1b" not in written
    assert "\u202e" not in written
    page = Page(written)
    assert page.words.count(r'<img src=x onerror="alert(1)">\x1b[31m\u202e') == 5
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]


def test_the_page_can_run_and_load_nothing(outcome: MakeOutcome, tmp_path: Path) -> None:
    written = _written(tmp_path, outcome("7", "1"))
    page = Page(written)
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form", "a"} == set()
    style = written.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'" in written
    assert not re.search("https?://", written)


def test_a_wrong_picture_stands_beside_what_the_network_saw(outcome: MakeOutcome, tmp_path: Path) -> None:
    written = _written(
        tmp_path, outcome("17", "11", Verdict.REVIEW, confidence=0.8), outcome("5", "5", file="five.png")
    )
    page = Page(written)
    assert [tag for tag, _ in page.tags].count("figure") == 2
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [picture["alt"] for picture in pictures] == [f"what the network saw of digit {n}" for n in (1, 2)]
    assert "the file is gone" in page.words
    assert "a <reason>" in page.words
    assert "1 80.0%" in page.words
    assert "five.png" not in page.words


def test_wrongly_accepted_pictures_have_their_own_section_before_the_others(
    outcome: MakeOutcome, tmp_path: Path
) -> None:
    ones = outcome("7", "1", Verdict.REVIEW, file="doubted.png"), outcome("7", "1", file="believed.png")
    words = Page(_written(tmp_path, *ones)).words
    places = [words.index(part) for part in ("Wrong and accepted", "believed.png", "not accepted 1", "doubted.png")]
    assert places == sorted(places)


def test_a_sheet_that_is_cut_says_so(outcome: MakeOutcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation.contact_sheet, "MOST_SHOWN", 2)
    written = _written(tmp_path, *(outcome("7", "1", file=f"{number}.png") for number in range(3)))
    assert written.count('<li class="card">') == 2
    assert "3 pictures: the first 2 here, the JSON has all." in written


def test_the_confusion_matrix_shades_right_and_wrong_cells_apart(outcome: MakeOutcome, tmp_path: Path) -> None:
    written = _written(tmp_path, *[outcome("7", "7")] * 3, outcome("7", "1"))
    assert '<td class="hit shade9">3</td>' in written
    assert '<td class="miss shade5">1</td>' in written


def test_the_threshold_in_use_is_marked_among_the_others(outcome: MakeOutcome, tmp_path: Path) -> None:
    card = Card(4, "cnn", "", 1, 1, 1, 0.9955, 1.0, 0.9321, 0.2, "", 1.0, {})
    written = "".join(page_parts(evaluate([outcome("7", "7")], card), tmp_path))
    assert '<tr class="used"><th scope="row">93.21%</th>' in written
    assert "accepts from 93.21% on" in written


def test_only_pictures_without_digits_have_a_page_too(outcome: MakeOutcome, tmp_path: Path) -> None:
    words = Page(_written(tmp_path, outcome("none", "", Verdict.REJECTED))).words
    assert "No picture is labelled with one digit." in words
    assert "No picture is labelled with digits." in words


def test_numbers_and_single_digits_have_a_curve_each(outcome: MakeOutcome, tmp_path: Path) -> None:
    page = Page(_written(tmp_path, outcome("7", "7"), outcome("12", "13")))
    drawings = [tag["aria-label"] for tag in page.all("svg") if "aria-label" in tag]
    assert drawings == ["Error against coverage: single digits", "Error against coverage: several digits"]
    titles = [page.words.index(title) for title in ("Single digits\n", "Several digits\n")]
    assert titles == sorted(titles)


def test_signs_have_a_section_only_if_a_label_has_some(outcome: MakeOutcome, tmp_path: Path) -> None:
    signed = outcome("12.5", "125", kind="prices", written="1.25"), outcome("-4", "4", kind="prices", written="-4")
    assert "Signs" not in Page(_written(tmp_path, outcome("7", "7"))).words
    written = _written(tmp_path, outcome("7", "7", kind="scans"), *signed)
    section = written.partition("<h2>Signs</h2>")[2].partition("</section>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', section)
    assert rows == [
        ("single digits", "1", "100.00%", "100.00%"),
        ("several digits", "1", "100.00%", "0.00%"),
        ("all", "2", "100.00%", "50.00%"),
        ("prices", "2", "100.00%", "50.00%"),
    ]


def test_a_number_with_wrong_signs_is_shown_as_it_was_read(outcome: MakeOutcome, tmp_path: Path) -> None:
    written = _written(tmp_path, outcome("12.5", "125", written="1.25"))
    assert "<dt>label</dt><dd>12.5</dd><dt>read</dt><dd>1.25</dd>" in written


@pytest.mark.parametrize("error", [0.0, 0.0004, 0.03, 0.5, 1.0])
def test_the_axis_reaches_as_high_as_the_curve(error: float) -> None:
    at = CoveragePoint(0.9, 0.5, error)
    drawn = coverage_plot([CoveragePoint(0.0, 1.0, error), at], at, of="digits")
    ticks = [float(tick.text.removesuffix("%")) for tick in drawn.up.ticks]
    assert 100 * error <= max(ticks) <= max(200 * error, 0.1)
    assert len(ticks) <= 6


def test_json_has_every_figure_and_all_that_is_wrong(outcome: MakeOutcome) -> None:
    unread = Outcome(Labelled("gone.png", "5"), None, "there is no such file")
    ones = [outcome("7", "7", kind="scan"), outcome("7", "1", file=HOSTILE, kind="scan"), unread]
    fields = json.loads(evaluation_json(evaluate(ones, CARD)))
    assert list(fields) == [
        "model", "overall", "kinds", "sources", "auroc", "confusion", "coverage", "at_threshold", "coverage_by_amount",
        "wrong",
    ]  # fmt: skip
    assert fields["model"] == {"version": 4, "architecture": "cnn", "accept_threshold": 0.9, "reject_threshold": 0.2}
    assert list(fields["overall"]) == ["all", "single_digits", "several_digits", "no_digit"]
    assert fields["overall"]["several_digits"]["right_share"] is None
    assert fields["kinds"]["scan"] == {
        "files": 2, "top1_right": 1, "right": 1, "accepted": 2, "accepted_wrong": 1, "top1_right_share": 0.5,
        "right_share": 0.5, "accepted_share": 1.0, "accepted_wrong_share": 0.5, "signed": 0, "digits_right": 0,
        "signs_right": 0, "digits_right_share": None, "signs_right_share": None,
    }  # fmt: skip
    assert fields["confusion"]["read"][7] == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert fields["confusion"]["not_one_digit"] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert fields["coverage"][0] == {"threshold": 0.0, "coverage": 1.0, "error": pytest.approx(2 / 3)}
    wrong, failed = fields["wrong"]
    assert wrong["file"] == HOSTILE
    assert (wrong["label"], wrong["reading"], wrong["confidence"], wrong["verdict"]) == ("7", "1", 0.99, "accepted")
    assert wrong["digits"][0]["box"] == {"left": 1, "top": 2, "width": 3, "height": 4}
    assert len(wrong["digits"][0]["probabilities"]) == 10
    assert failed == {
        "file": "gone.png", "label": "5", "source": "", "kind": "", "reading": None, "confidence": None,
        "verdict": "failed", "reason": "there is no such file", "digits": [], "written": None,
    }  # fmt: skip


def test_json_has_signs_and_the_curves_of_numbers_and_single_digits(outcome: MakeOutcome) -> None:
    ones = [outcome("7", "7"), outcome("12.5", "125", written="1.25"), outcome("12.5", "125", written="12.5")]
    fields = json.loads(evaluation_json(evaluate(ones, CARD)))
    several = fields["overall"]["several_digits"]
    assert (several["signed"], several["digits_right_share"], several["signs_right_share"]) == (2, 1.0, 0.5)
    assert list(fields["coverage_by_amount"]) == ["single_digits", "several_digits"]
    assert fields["coverage_by_amount"]["several_digits"]["at_threshold"]["error"] == 0.5
    assert len(fields["coverage_by_amount"]["single_digits"]["coverage"]) == len(fields["coverage"])
    (wrong,) = fields["wrong"]
    assert (wrong["reading"], wrong["written"]) == ("125", "1.25")
