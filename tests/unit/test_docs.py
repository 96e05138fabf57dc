import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app
from settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CHANGELOG.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
SETTINGS = sorted(Settings.__annotations__)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 150
    assert "Python 3.11, 3.12 or 3.13" in README.splitlines()[2]


def test_readme_says_first_what_comes_first() -> None:
    order = ["![", "## Install", "## Use", "## Can I trust", "## Commands", "## Troubleshooting", "## Links"]
    places = [README.index(f"\n{start}") for start in order]
    assert places == sorted(places)
    assert README.count("\n## ") == len(order) - 1


@pytest.mark.parametrize("name", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_readme_tells_of_every_command(name: str) -> None:
    assert f"digits {name}" in README


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_page_tells_of_every_setting(name: str) -> None:
    variable = "MNIST_PATH" if name == "mnist_path" else PREFIX + name.upper()
    assert f"\n| `{variable}` | " in text_of("docs/settings.md")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_setting_that_does_not_exist(page: str) -> None:
    known = {PREFIX + name.upper() for name in SETTINGS} | composed()
    assert set(re.findall(r"DIGITS_[A-Z_]+", text_of(page))) <= known


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_command_that_does_not_exist(page: str) -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"(?:`|bin/|^ {4})digits ([a-z]+)", text_of(page), re.MULTILINE)) <= known


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^):]+)\)", text_of(page))
    for link in links:
        file, _, section = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), link
        assert not section or section in anchors(target), link


@pytest.mark.parametrize("page", PAGES)
def test_a_heading_stands_below_a_blank_line(page: str) -> None:
    assert re.findall(r"[^\n]\n(#{2,} .*)", text_of(page)) == []


def test_readme_leads_to_every_page() -> None:
    assert set(PAGES) - {"README.md"} <= set(re.findall(r"\]\(([^):#]+)\)", README))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_picture_loads_nothing_from_elsewhere() -> None:
    picture = text_of("docs/digits.svg")
    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own file
    assert re.findall(r'(?:url\(|href="|src=")(?!#|data:)', picture) == []


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
    assert f"    {command}\n" in text_of("docs/contributing.md")
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_block_of_python_prints_what_the_page_says() -> None:
    code, printed = re.findall(r"```(?:python)?\n(.+?)```", text_of("docs/python.md"), re.DOTALL)
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == (printed, "")


def test_install_page_names_every_top_level_package() -> None:
    setuptools = PROJECT["tool"]["setuptools"]
    names = {name.partition(".")[0] for name in setuptools["packages"]} | set(setuptools["py-modules"])
    section = text_of("docs/install.md").partition("top-level packages named ")[2].partition(". In an")[0]
    assert set(re.findall(r"`(\w+)`", section)) == names


def test_contributing_page_gives_a_reason_for_every_dependency() -> None:
    table = text_of("docs/contributing.md").partition("| dependency | for |")[2]
    required = [
        line
        for file in ("reading", "training", "postgres", "flower")
        for line in text_of(f"requirements/{file}.txt").splitlines()
        if not line.startswith("#")
    ]
    extras = PROJECT["project"]["optional-dependencies"]
    required += extras["bench"] + extras["peers"] + extras["ocr"]
    names = {re.split(r"[^\w-]", line)[0].removesuffix("-cpu") for line in required}
    assert {name for name in names if not re.search(rf"\b{name}\b", table)} == set()


def test_changelog_begins_with_the_version_of_the_project() -> None:
    versions = re.findall(r"^## (\S+) \((\d{4}-\d{2}-\d{2})\)$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert versions[0][0] == PROJECT["project"]["version"]
    assert [date for _, date in versions] == sorted((date for _, date in versions), reverse=True)


def test_the_command_names_its_version() -> None:
    ran = CliRunner().invoke(app, ["--version"])
    assert (ran.exit_code, ran.output) == (0, f"digits {metadata.version('digit-inbox')}\n")
