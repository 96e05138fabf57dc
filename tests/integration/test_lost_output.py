"""Commands whose output goes nowhere end with at most one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from db import intake
from db.engine import Database
from settings import Settings

ROOT = Path(__file__).parents[2]
COMMANDS = [
    ("results",), ("results", "--format", "csv"), ("results", "--format", "json"), ("status",), ("status", "--json"),
    ("--help",),
]  # fmt: skip


@pytest.fixture
def url(settings: Settings, sqlite_database: Database) -> str:
    """Give a ledger with more rows than any buffer holds."""
    intake.register(sqlite_database, "digits", [intake.SeenFile(f"{one:099}.png", 1, 1) for one in range(3000)])
    return settings.database_url


def start(url: str, *arguments: str, stdout: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli.main", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT), "DIGITS_DATABASE_URL": url},
    )


@pytest.mark.linux
@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_full_disk_is_one_sentence(url: str, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        process = start(url, *arguments, stdout=full.fileno())
        _, error = process.communicate(timeout=60)
    assert error == b"digits: the output can't be written: No space left on device\n"
    assert process.returncode == 1


@pytest.mark.parametrize("arguments", COMMANDS[:3])
def test_a_reader_that_has_read_enough_ends_a_command_quietly(url: str, arguments: tuple[str, ...]) -> None:
    process = start(url, *arguments, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(60)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_command_whose_output_is_closed_does_its_work_quietly(url: str, arguments: tuple[str, ...]) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-P", "-m", "cli.main", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "DIGITS_DATABASE_URL": url}
    ended = subprocess.run(command, stderr=subprocess.PIPE, env=environment, timeout=60, check=False)
    assert ended.stderr == b""
    assert ended.returncode == (0 if arguments[0] != "status" else ended.returncode)
