import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = sorted(one.name for one in fields(Settings))


@pytest.mark.parametrize("name", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_readme_tells_of_every_command(name: str) -> None:
    assert f"digits {name}" in README


@pytest.mark.parametrize("name", SETTINGS)
def test_readme_tells_of_every_setting(name: str) -> None:
    variable = "MNIST_PATH" if name == "mnist_path" else PREFIX + name.upper()
    assert f"`{variable}`" in README


def test_readme_names_no_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in SETTINGS} | composed()
    assert set(re.findall(r"DIGITS_[A-Z_]+", README)) <= known


@pytest.mark.parametrize("page", ["README.md", "docs/measured.md", "docs/more-than-one-machine.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^):]+)\)", text)
    assert links
    for link in links:
        file, _, section = link.partition("#")
        target = (ROOT / page).parent / file
        assert target.exists(), link
        assert not section or section in anchors(target), link


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_example_of_env_names_every_variable_of_the_containers() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert {name for name in composed() if f"{name}=" not in example} == set()


def composed() -> set[str]:
    return set(re.findall(r"\$\{(DIGITS_[A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def test_readme_has_the_two_commands_to_the_letter() -> None:
    assert "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/digits run --once" in README
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest" in README


def test_ci_runs_the_readme_test_command_to_the_letter() -> None:
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"
    assert f"    {command}\n" in README
    assert f"\n{command}\n" in (Path(__file__).parents[2] / ".ci" / "run").read_text(encoding="utf-8")
