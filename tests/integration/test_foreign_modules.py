"""Another program's module of the same name as one of ours is noticed before it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from digit_inbox import OURS

HOUSE = Path(__file__).parents[2]
#: What gives a foreign module away if it runs.
SHOUT = "print('another program')\n"


def digits(*arguments: str, path: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run `digits` where Python looks into the folders of `path` first."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-P", "-m", "digit_inbox", *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("file", "hidden"), [("settings.py", "settings"), ("cli/__init__.py", "cli"), ("worker/__init__.py", "worker")]
)
def test_a_foreign_module_ends_the_command_before_it_runs(file: str, hidden: str, tmp_path: Path) -> None:
    foreign = tmp_path / file
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text(SHOUT, encoding="utf-8")
    (foreign.parent / "main.py").write_text(SHOUT, encoding="utf-8")
    ran = digits("--help", path=[tmp_path, HOUSE])
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"digits: {foreign} belongs to another program and hides our {hidden}: "
        "install Digit Inbox into an environment of its own, without PYTHONPATH\n"
    )


def test_a_file_that_another_program_replaced_is_named(tmp_path: Path) -> None:
    for name in ("digit_inbox", *OURS):
        ours = HOUSE / name if (HOUSE / name).is_dir() else HOUSE / f"{name}.py"
        (tmp_path / ours.name).symlink_to(ours)
    (tmp_path / "settings.py").unlink()
    (tmp_path / "settings.py").write_text("DEBUG = True\n", encoding="utf-8")
    ran = digits("status", path=[tmp_path])
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"from 'settings' ({tmp_path / 'settings.py'})" in ran.stderr
    assert ran.stderr.endswith("an environment of its own, without PYTHONPATH\n")
    assert "Traceback" not in ran.stderr


def test_our_own_modules_are_not_foreign() -> None:
    ran = digits("--help", path=[HOUSE])
    assert ran.returncode == 0, ran.stderr
    assert "[OPTIONS] COMMAND" in ran.stdout
