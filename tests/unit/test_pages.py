"""What all pages share: the base template, and how values reach a page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import presentation.page
from presentation.page import render

TEMPLATES = Path(presentation.page.__file__).parent / "templates"


def test_a_value_that_a_template_misses_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="sections"):
        "".join(render("report.html", facts="", seen=""))


def test_an_entry_is_made_when_its_turn_comes() -> None:
    made = []

    def entries() -> Iterator[dict[str, object]]:
        for number in range(3):
            made.append(number)
            words = dict.fromkeys(("status", "reading", "share", "reason"), "")
            yield words | {"path": f"{number}.png", "picture": {"address": "", "alt": "", "missing": "gone"}}

    section = {"status": "review", "title": "To review", "files": 3, "entries": entries()}
    for part in render("report.html", facts="", seen="", sections=[section]):
        if "0.png" in part:
            break
    assert made == [0]


def test_only_the_base_template_is_a_whole_page() -> None:
    whole = [path.name for path in sorted(TEMPLATES.iterdir()) if "<html" in path.read_text(encoding="utf-8")]
    assert whole == ["base.html"]


def test_no_template_styles_or_trusts_a_value_by_itself() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bstyle=", text), path.name
        assert text.replace("{{ style | safe }}", "").count("safe") == 0, path.name
