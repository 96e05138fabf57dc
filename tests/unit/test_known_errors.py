"""Every error that a room names is one sentence for users, and no traceback."""

import importlib
from pathlib import Path

import pytest

from cli.main import known_errors

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/errors.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_the_command_line_knows_every_error_of_a_room(room: str) -> None:
    module = importlib.import_module(f"{room}.errors")
    errors = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert errors
    for error in errors:
        assert issubclass(error, known_errors()), error
