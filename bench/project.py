"""A project of docker-compose.yml with a name and a folder of its own, which leaves nothing behind."""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Not `latest`: somebody may use it.
TAG = "test"
#: Seconds a command may take; building both images is the longest.
PATIENCE = 1200
_QUERY = """
import json, sys
from sqlalchemy import text
from db.engine import Database
from settings import load_settings
with Database(load_settings().database_url).reading() as connection:
    print(json.dumps([list(row) for row in connection.execute(text(sys.argv[1]))], default=str))
"""


class DockerMissing(Exception):  # noqa: N818 - named for what is wrong
    """Docker is not available; the text says what is missing."""


def compose_command() -> list[str]:
    """Find Compose v2, else docker-compose. Raises DockerMissing unless it is there and a daemon answers."""
    found = compose_commands()
    if not found:
        raise DockerMissing("there is neither `docker compose` nor `docker-compose` here")
    answer = _run(["docker", "info", "--format", "{{.ServerVersion}}"])
    if answer.returncode:
        raise DockerMissing(f"no Docker daemon answers here: {(answer.stderr or answer.stdout).strip()[-200:]}")
    return found[0]


def compose_commands() -> list[list[str]]:
    """List what there is of Compose v2 and docker-compose 1."""
    known = [["docker", "compose"], ["docker-compose"]]
    return [command for command in known if shutil.which(command[0]) and not _run([*command, "version"]).returncode]


class Project:
    """The containers of one project."""

    def __init__(self, name: str, place: Path, command: list[str], **variables: str) -> None:
        """Write the settings of a project that is not up yet; its watched folder is `place`/digits, for everybody."""
        self.inbox = place / "digits"
        self.inbox.mkdir()
        self.inbox.chmod(0o755)
        chosen = {"DIGITS_REDIS_PASSWORD": secrets.token_hex(), "DIGITS_FOLDER": str(self.inbox), "DIGITS_TAG": TAG}
        settings = place / "env"
        settings.write_text("".join(f"{name}={value}\n" for name, value in (chosen | variables).items()), "utf-8")
        self.name = name
        self._command = [*command, "--env-file", str(settings), "-p", name]

    def compose(self, *arguments: str, data: bytes | None = None) -> str:
        """Run a command of Compose, and give what it said. Raises RuntimeError if it fails."""
        ran = self.try_compose(*arguments, data=data)
        if ran.returncode:
            raise RuntimeError(f"{arguments} ended with {ran.returncode}: {ran.stdout}{ran.stderr}")
        return ran.stdout

    def try_compose(self, *arguments: str, data: bytes | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a command of Compose; its exit code is ignored."""
        return _run([*self._command, *arguments], data=data)

    def up(self, *, workers: int) -> None:
        """Start the services that don't run, with `workers` workers; the images must be built."""
        self.compose("up", "-d", "--no-build", "--scale", f"worker={workers}")

    def digits(self, *arguments: str, service: str = "watcher") -> "subprocess.CompletedProcess[str]":
        """Run a command of `digits` in a container that runs."""
        return self.try_compose("exec", "-T", service, "digits", *arguments)

    def query(self, statement: str) -> list[list[object]]:
        """Ask the ledger, from within: it may lie in a volume. Raises RuntimeError while there is no watcher."""
        rows: list[list[object]] = json.loads(self.compose("exec", "-T", "watcher", "python", "-c", _QUERY, statement))
        return rows

    def counts(self) -> dict[str, int]:
        """Count the ledger's rows by status; nothing while it can't be asked."""
        with contextlib.suppress(RuntimeError):
            rows = self.query("SELECT status, count(*) FROM images GROUP BY status")
            return {str(status): int(str(count)) for status, count in rows}
        return {}

    def containers(self, service: str) -> list[str]:
        """List the containers of a service by their ids."""
        return self.compose("ps", "-q", service).split()

    def healthy(self, service: str, number: int) -> bool:
        """Whether `number` containers of a service run, all healthy."""
        states = [inspect(container, "{{.State.Health.Status}}") for container in self.containers(service)]
        return states == ["healthy"] * number

    def answered_by_worker(self) -> dict[str, int]:
        """Count the rows that each worker's log says it has answered; costs next to nothing."""
        logs = {container: docker("logs", container) for container in self.containers("worker")}
        return {container: sum(map(int, re.findall(r"answered=(\d+)", log))) for container, log in logs.items()}


def inspect(container: str, template: str) -> str:
    """Tell something about a container, in the words of `docker inspect`."""
    return docker("inspect", "--format", template, container).strip()


def docker(*arguments: str) -> str:
    """Run a command of Docker and give all it said. Raises RuntimeError if it fails."""
    ran = _run(["docker", *arguments])
    if ran.returncode:
        raise RuntimeError(f"docker {arguments} ended with {ran.returncode}: {ran.stderr}")
    return ran.stdout + ran.stderr


def _run(command: list[str], data: bytes | None = None) -> "subprocess.CompletedProcess[str]":
    # Compose prefers a variable of ours to the one of a project's own settings.
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("DIGITS_", "COMPOSE_"))}
    try:
        ran = subprocess.run(
            command, cwd=ROOT, env=ours, input=data or b"", capture_output=True, timeout=PATIENCE, check=False
        )
    except FileNotFoundError as error:
        raise DockerMissing(f"there is no {command[0]} here") from error
    return subprocess.CompletedProcess(command, ran.returncode, ran.stdout.decode(), ran.stderr.decode())


@contextlib.contextmanager
def project(command: list[str] | None = None, **variables: str) -> Iterator[Project]:
    """Give a project that is not up yet; its containers, networks and volumes are gone at the end, its images stay."""
    name = f"digits{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="digits-compose-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # the containers' user is another one
        made = Project(name, place, command or compose_command(), **variables)
        try:
            yield made
        finally:
            made.try_compose("down", "--volumes", "--remove-orphans", "--timeout", "5")
