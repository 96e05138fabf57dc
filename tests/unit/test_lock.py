"""What the images are built from is what the project asks for, and names no place to get it from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
#: What each image holds.
IMAGES = {
    "reading.lock": ("reading.txt", "postgres.txt"),
    "training.lock": ("reading.txt", "postgres.txt", "training.txt", "flower.txt"),
}


def asked(name: str) -> list[Requirement]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def locked(name: str) -> dict[str, list[str]]:
    """Give the versions by name: more than one where that depends on the Python."""
    found: dict[str, list[str]] = {}
    for project, version in re.findall(
        r"^([a-z0-9.-]+)==([^ ]+)", (FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(project, []).append(version)
    return found


@pytest.mark.parametrize("lock", IMAGES)
def test_a_lock_has_what_is_asked_for(lock: str) -> None:
    versions = locked(lock)
    for requirement in [one for name in IMAGES[lock] for one in asked(name)]:
        assert requirement.name in versions, f"{requirement} is missing in {lock}: run requirements/lock"
        assert all(Version(one) in requirement.specifier for one in versions[requirement.name]), requirement


@pytest.mark.parametrize("lock", IMAGES)
def test_a_lock_has_hashes_and_names_no_index(lock: str) -> None:
    text = (FOLDER / lock).read_text(encoding="utf-8")
    assert "://" not in text
    for pinned in re.split(r"\n(?=[a-z])", text)[1:]:
        assert "--hash=sha256:" in pinned, pinned


def test_both_images_have_the_same_versions() -> None:
    training = locked("training.lock")
    assert {name: training[name] for name in locked("reading.lock")} == locked("reading.lock")


def test_reading_needs_no_tensorflow() -> None:
    assert not {"tensorflow", "keras"} & locked("reading.lock").keys()


def test_postgresqls_driver_is_that_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [Requirement(one) for one in project["optional-dependencies"]["postgres"]] == asked("postgres.txt")
