"""Which runtime reads where nobody chose one, and what it costs a command."""

import importlib.util
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from recognizer.installed import RuntimeChoice, RuntimeName, runtime_for

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "digits" / "seven-blue-pen.png"


def without(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a library look as if it were not installed."""

    def find(name: str) -> ModuleSpec | None:
        return None if name == library else importlib.util.find_spec(name)

    monkeypatch.setattr("recognizer.installed.find_spec", find)


def test_litert_reads_where_it_is_installed() -> None:
    assert runtime_for("auto") == "litert"


def test_keras_reads_where_litert_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    without("ai_edge_litert", monkeypatch)
    assert runtime_for("auto") == "keras"


@pytest.mark.parametrize("choice", ["keras", "litert"])
def test_a_runtime_that_was_chosen_is_taken(choice: RuntimeName, monkeypatch: pytest.MonkeyPatch) -> None:
    without("ai_edge_litert", monkeypatch)
    chosen: RuntimeChoice = choice
    assert runtime_for(chosen) == choice


@pytest.mark.parametrize("command", ["read", "show"])
def test_a_command_that_reads_imports_no_tensorflow_by_default(command: str, tmp_path: Path) -> None:
    program = (
        "import sys, cli.main\n"
        "try: cli.main.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DIGITS_")}
    ended = subprocess.run(
        [sys.executable, "-c", program, command, str(SAMPLE)],
        env={**plain, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert "7" in ended.stdout.decode()
