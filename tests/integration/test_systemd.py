"""What systemd itself says of the units."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.place import ROOT

pytestmark = pytest.mark.hosts

#: What `systemd-analyze security` may say at most: 10 is no protection at all, 0 complete.
MOST_EXPOSED = 2.0


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Give the units as installed with this very environment, the worker as an instance."""
    for unit in (ROOT / "systemd").iterdir():
        text = unit.read_text(encoding="utf-8").replace("/opt/digit-inbox", sys.prefix)
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text, encoding="utf-8")
    return sorted(tmp_path.iterdir())


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.fail("there is no systemd-analyze here: install systemd for the tests marked `hosts`")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_finds_nothing_wrong(units: list[Path]) -> None:
    said = analyze("verify", "--man=no", *map(str, units))
    assert said.returncode == 0
    assert [line for line in said.stderr.splitlines() if "digits" in line] == []


def test_the_units_are_well_protected(units: list[Path]) -> None:
    for unit in units:
        said = analyze("security", "--offline=yes", str(unit)).stdout
        exposed = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert exposed, said
        assert float(exposed[1]) <= MOST_EXPOSED
