"""The systemd units start commands that exist, and give a chunk the time to end."""

from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from tests.place import ROOT
from worker.app import HARD_LIMIT_SECONDS

UNITS = sorted((ROOT / "systemd").iterdir())


def service(unit: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # as configparser's documentation has it
    parser.read(unit, encoding="utf-8")
    return dict(parser["Service"])


def test_there_are_units_for_the_watcher_and_for_workers() -> None:
    assert [unit.name for unit in UNITS] == ["digits-watch.service", "digits-worker@.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart"])
def test_what_a_unit_starts_is_a_command_with_its_options(unit: Path, key: str) -> None:
    program, name, *options = service(unit)[key].split()
    assert program == "/opt/digit-inbox/bin/digits"
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    command.make_context(name, options).close()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_stop_lets_the_claimed_chunk_end(unit: Path) -> None:
    assert service(unit)["KillMode"] == "mixed"  # only the main process is asked, as it ends its children in order
    assert int(service(unit)["TimeoutStopSec"]) > HARD_LIMIT_SECONDS
