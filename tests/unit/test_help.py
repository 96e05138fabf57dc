"""What `digits --help` and refused options say, and what a shell completes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]
#: Words of the library that parses options, and of no user.
LEAKS = ("range", "integer", "float", "<int", "<str", "<bool", "<checked", "x<=", "<=x", "x>=")


def said(*arguments: str) -> str:
    return CliRunner().invoke(app, [*arguments], env={"COLUMNS": "200", "TERM": "dumb"}).output


def test_help_lists_the_commands_in_the_order_in_which_a_user_needs_them() -> None:
    text = said("--help")
    order = [
        "run",
        "results",
        "show",
        "correct",
        "report",
        "status",
        "retry",
        "read",
        "evaluate",
        "train",
        "models",
        "watch",
    ]
    places = [text.index(f"\n│ {name} ") for name in order]
    assert places == sorted(places)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_no_word_of_the_library(name: str) -> None:
    text = said(name, "--help")
    assert "Usage" in text
    assert [leak for leak in LEAKS if leak in text.lower()] == []


@pytest.mark.parametrize("name", ["", *COMMANDS, "models activate"])
def test_h_is_help_everywhere(name: str) -> None:
    assert said(*name.split(), "-h") == said(*name.split(), "--help")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("results", "--digit", "12"), "'12' is not a digit from 0 to 9"),
        (("results", "--digit", "x"), "'x' is not a digit from 0 to 9"),
        (("results", "--min-confidence", "2"), "'2' is not a number from 0 to 1"),
        (("results", "--max-confidence", "nan"), "'nan' is not a number from 0 to 1"),
        (("results", "--limit", "0"), "'0' is not a whole number above 0"),
        (("results", "--after", "-1"), "'-1' is not a whole number from 0"),
        (("run", "--workers", "300"), "'300' is not a whole number from 1 to 256"),
        (("train", "--epochs", "2.5"), "'2.5' is not a whole number from 1 to 1000"),
        (("migrate", "--wait", "-1"), "'-1' is not a number from 0 to 86400"),
        (("models", "activate", "zero"), "'zero' is not a whole number above 0"),
    ],
)
def test_a_refused_number_is_told_in_a_users_words(arguments: tuple[str, ...], why: str) -> None:
    text = said(*arguments)
    assert why in text
    assert [leak for leak in LEAKS if leak in text.lower()] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str) -> None:
    words = {"bash": {"COMP_WORDS": "digits re", "COMP_CWORD": "1"}}
    completed = {"_TYPER_COMPLETE_ARGS": "digits re", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    program = "import sys; sys.argv[0] = 'digits'; import digit_inbox; digit_inbox.main()"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "_DIGITS_COMPLETE": f"complete_{shell}"}
        | words.get(shell, completed),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert {name for name in COMMANDS if name in ended.stdout} >= {"results", "report", "retry", "read"}
    assert "status" not in ended.stdout
