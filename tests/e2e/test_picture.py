import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.picture import SAMPLES
from tests.place import ROOT


def test_the_readme_picture_shows_every_sample_in_a_terminal_and_on_a_page(tmp_path: Path) -> None:
    out = tmp_path / "picture.svg"
    command = [sys.executable, "-m", "bench.picture", str(out)]
    subprocess.run(command, check=True, cwd=ROOT, env={"DIGITS_RUNTIME": "litert"}, capture_output=True)
    picture = ET.parse(out).getroot()  # noqa: S314 - our own file
    terminal, page = picture.find("{*}svg"), picture.find("{*}foreignObject")
    assert terminal is not None
    assert page is not None
    assert {name for name in SAMPLES if name not in "".join(terminal.itertext())} == set()
    assert {name for name in SAMPLES if name not in "".join(page.itertext())} == set()
    assert f"{len(SAMPLES)} files" in "".join(terminal.itertext()).replace("\xa0", " ")
