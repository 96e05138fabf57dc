"""A place of its own in which the real `digits` command runs, and of which nothing is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from db.engine import Database
from db.queries import balance
from db.tables import Status

ROOT = Path(__file__).parents[1]
#: Seconds a command may take, far above what it does.
PATIENCE = 240


@dataclass
class Place:
    """A folder to run in, with the shipped model and nothing else."""

    path: Path
    variables: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.path / "digits"

    @property
    def environment(self) -> dict[str, str]:
        """The environment without a setting of this machine, with `variables`.

        Reading is LiteRT's, which is up in a second; tests of Keras set DIGITS_RUNTIME.
        """
        plain = {name: value for name, value in os.environ.items() if not name.startswith("DIGITS_")}
        return plain | {"DIGITS_RUNTIME": "litert", "COLUMNS": "120"} | self.variables

    def digits(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.path,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command that goes on; its output is a pipe."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.path,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def accepted(self) -> int:
        """Count the files that were read and accepted."""
        with closing(Database(f"sqlite:///{self.path}/var/results.db")) as database:
            return balance(database).by_status[Status.ACCEPTED]

    def processes(self) -> dict[int, str]:
        """All living processes that run in this folder or below it: pid and command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _runs_below(entry, self.path):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found


def _runs_below(entry: Path, folder: Path) -> bool:
    try:
        where = (entry / "cwd").readlink()
        alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
    return alive and where.is_relative_to(folder)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty inbox in a folder of its own; whatever was started there is ended."""
    place = Place(tmp_path)
    place.inbox.mkdir()
    yield place
    for process in place.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate()
    for pid in place.processes():
        os.kill(pid, signal.SIGKILL)
