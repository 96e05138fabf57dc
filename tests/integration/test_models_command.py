"""What `digits models` shows of versions on disk, and which it activates."""

import re

import pytest

from cli.models import activate_model, show_models
from recognizer.contract import CoveragePoint
from recognizer.errors import ContractMismatch, ModelMissing
from settings import Settings
from tests.versions import write_version

Capture = pytest.CaptureFixture[str]


def test_models_are_listed_with_their_figures_and_their_faults(settings: Settings, capsys: Capture) -> None:
    for version in (1, 2, 3):
        write_version(settings.model_dir, version)
    (settings.model_dir / "0002/model.keras").write_bytes(b"other")
    (settings.model_dir / "0003/card.json").write_text("{")
    activate_model(settings.model_dir, 1)
    show_models(settings.model_dir)
    out = capsys.readouterr().out
    assert re.search(
        r"^\* +1 cnn +99\.55% +123,456 +1\.25 +0\.900 +0\.200 2026-11-2\d \d\d:\d\d 10 min 20 s whole",
        out,
        re.MULTILINE,
    )
    assert re.search(r"^ +2 cnn .* refused", out, re.MULTILINE)
    assert re.search(r"^version 2: .*checksum differs", out, re.MULTILINE)
    assert re.search(r"^version 3: the card .* can't be read", out, re.MULTILINE)


def test_the_active_model_s_coverage_error_curve_is_shown(settings: Settings, capsys: Capture) -> None:
    points = (
        {"threshold": 0.0, "coverage": 1.0, "error": 0.0125},
        {"threshold": 0.95, "coverage": 0.985, "error": 0.0},
    )
    write_version(settings.model_dir, 1, coverage=tuple(CoveragePoint(**point) for point in points))
    activate_model(settings.model_dir, 1)
    show_models(settings.model_dir)
    out = capsys.readouterr().out
    assert re.search(r"^ +0\.0% +100\.00% +1\.25%", out, re.MULTILINE)
    assert re.search(r"^ +95\.0% +98\.50% +0\.00%", out, re.MULTILINE)


def test_a_version_that_is_damaged_or_absent_is_not_activated(settings: Settings) -> None:
    write_version(settings.model_dir, 1)
    activate_model(settings.model_dir, 1)
    write_version(settings.model_dir, 2, files={})
    for version, error in ((2, ContractMismatch), (3, ModelMissing)):
        with pytest.raises(error):
            activate_model(settings.model_dir, version)
    assert (settings.model_dir / "active").read_text().strip() == "0001"


def test_no_models_at_all_is_one_sentence(settings: Settings, capsys: Capture) -> None:
    show_models(settings.model_dir)
    out, error = capsys.readouterr()
    assert not out
    assert error == "There is no model in model yet: `digits run` or `digits train` makes one.\n"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_figure_of_a_model_is_cut_on_any_terminal(
    settings: Settings, width: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_version(settings.model_dir, 1)
    activate_model(settings.model_dir, 1)
    capsys.readouterr()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    show_models(settings.model_dir)
    text = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    words = text.split()
    assert {"*", "1", "cnn", "99.55%", "123,456", "1.25", "0.900", "0.200", "min", "whole"} <= set(words)
