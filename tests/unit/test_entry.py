"""What `digits` says to a Python that it can't run on."""

import ast
import sys
from pathlib import Path

import pytest

import digit_inbox


@pytest.mark.parametrize("version", [(3, 7), (3, 10)])
def test_an_old_python_understands_the_way_in(version: tuple[int, int]) -> None:
    text = Path(digit_inbox.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=version)
    annotations = [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert all(isinstance(one, ast.Constant) for one in annotations)  # what is not text is evaluated


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (3, 14, 0)])
def test_a_python_that_can_not_run_it_gets_one_sentence(
    version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=rf"3\.11, 3\.12 or 3\.13, and this is 3\.{version[1]}: .*-m venv --clear"):
        digit_inbox.main()
