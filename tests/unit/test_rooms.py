"""The rooms import downwards only, and a command pays only for what it uses."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from digit_inbox import OURS

HOUSE = Path(__file__).parents[2]
#: What only the process that reads has a use for.
HEAVY = ("tensorflow", "keras", "cv2", "numpy")
#: What only a command that writes a page has a use for.
PAGES = "jinja2"


def imported_names(source: Path) -> set[str]:
    """Collect the top-level names of everything a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source} imports relatively"
            names.add((node.module or "").partition(".")[0])
    return names


def tools() -> dict[str, Any]:
    """Read what pyproject.toml tells each tool."""
    with (HOUSE / "pyproject.toml").open("rb") as file:
        told: dict[str, Any] = tomllib.load(file)["tool"]
    return told


def our_rooms() -> set[str]:
    return {name.partition(".")[0] for name in tools()["setuptools"]["packages"]}


def our_names() -> set[str]:
    return our_rooms() | set(tools()["setuptools"]["py-modules"])


def test_the_way_in_knows_every_name_that_another_program_may_use_too() -> None:
    assert {*OURS, "digit_inbox"} == our_names()


def test_the_import_rules_name_every_room() -> None:
    rules = tools()["importlinter"]
    layers = {room for layer in rules["contracts"][0]["layers"] for room in layer.split(" | ")}
    assert set(rules["root_packages"]) == layers == our_rooms() | {"bench"}


@pytest.mark.parametrize("module", ["lock.py", "logs.py", "regular_file.py", "settings.py", "terminal.py", "urls.py"])
def test_a_module_at_the_bottom_imports_nothing_of_ours_but_the_way_to_write_text(module: str) -> None:
    imported = imported_names(HOUSE / module)
    assert imported
    assert (imported & our_names()) - {"terminal"} == set()


def test_every_package_of_a_room_is_listed_for_the_distribution() -> None:
    listed = set(tools()["setuptools"]["packages"])
    found = {path.parent.relative_to(HOUSE) for room in our_rooms() for path in HOUSE.glob(f"{room}/**/__init__.py")}
    assert {path.as_posix().replace("/", ".") for path in found} == listed


def test_the_image_is_built_from_every_module_and_room() -> None:
    allowed = (HOUSE / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = (HOUSE / "Dockerfile").read_text(encoding="utf-8").split()
    parts = {f"{module}.py" for module in tools()["setuptools"]["py-modules"]} | our_rooms()
    assert {part for part in parts if f"!{part}" not in allowed or part not in copied} == set()


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        (
            "cli.main",
            ["settings", "msgspec", "rich", *HEAVY, "celery", "kombu", "sqlalchemy", "alembic", "redis", PAGES],
        ),
        ("cli.main, cli.results, db.intake", ["sqlalchemy.dialects.postgresql", "redis"]),
        (
            "cli.main, cli.results",
            [*HEAVY, "celery", "kombu", "alembic", "redis", "recognizer", "trainer", "watcher", PAGES],
        ),
        ("watcher.watch, cli.parts", [*HEAVY, "celery", "kombu", "worker", "recognizer", "trainer", "alembic"]),
        ("cli.parts, worker.serve", [*HEAVY, "trainer", "watcher", "watchdog", "alembic"]),
        ("cli.run", [*HEAVY, "celery", "kombu", PAGES]),
        ("recognizer.versions, trainer.gate", HEAVY),
        ("recognizer", [*HEAVY, "recognizer.model", "recognizer.reader"]),
        ("broker.client", [*HEAVY, "celery", "kombu", "recognizer", "trainer", "sqlalchemy"]),
        ("worker.tasks", [*HEAVY, "trainer", "sqlalchemy"]),
        ("worker.chunk, worker.held_model", ["tensorflow", "keras", "trainer", "watcher", "alembic"]),
    ],
)
def test_a_start_does_not_pay_for_what_it_has_no_use_for(module: str, forbidden: list[str]) -> None:
    code = f"import sys, {module}; print(*[name for name in {forbidden} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []


def test_a_command_does_not_pay_for_what_it_has_no_use_for(tmp_path: Path) -> None:
    """Nor do the libraries it uses bring such things along."""
    command = [sys.executable, "-X", "importtime", "-P", "-m", "cli.main", "results"]
    ran = subprocess.run(
        command, check=False, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(HOUSE)}, capture_output=True, text=True
    )
    assert "there is no ledger" in ran.stderr
    imported = set(re.findall(r"\| +(\S+)$", ran.stderr, re.MULTILINE))
    assert "sqlalchemy" in imported
    assert imported & {*HEAVY, "celery", "kombu", "alembic", "pydantic", PAGES} == set()


def test_every_type_of_array_is_declared_once() -> None:
    sources = [path for room in our_rooms() | {"bench"} for path in (HOUSE / room).rglob("*.py")]
    declared = [
        name
        for source in sources
        for name in re.findall(
            r"^([A-Z]\w+) = (?:NDArray|np\.random\.Generator)\b", source.read_text(encoding="utf-8"), re.MULTILINE
        )
    ]
    assert "Gray" in declared
    assert sorted(declared) == sorted(set(declared))
