"""A PostgreSQL server of the tests' own."""

import functools
import glob
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


class PostgresServer:
    """A running server; its superuser needs no password on its unix socket, which lies in `folder`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._numbers = itertools.count(1)

    def sql(self, statement: str) -> None:
        """Run a statement as the superuser."""
        server = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", "postgres"]
        command = [_program("psql"), *server, "-qc", statement]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)

    def new_database(self) -> str:
        """Make an empty database; give its name."""
        name = f"ledger{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str) -> str:
        """Give the superuser's URL of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}&port={self.port}"


@contextmanager
def postgres_server(
    *, listen: str = "", port: int = 5432, access: str = "", inside: Sequence[str] = ()
) -> Iterator[PostgresServer]:
    """Run a server: on a unix socket, and on the address `listen` for whom the pg_hba line `access` lets in.

    `inside` is a command that starts another one elsewhere: in a network namespace. Fails if PostgreSQL is missing.
    """
    folder = Path(tempfile.mkdtemp(prefix="digits-pg-"))
    data = folder / "data"
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    run = functools.partial(subprocess.run, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60)
    run([_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], user=user)
    (data / "pg_hba.conf").write_text(f"local all all trust\n{access}\n", encoding="ascii")
    options = f"-k {folder} -p {port} -c listen_addresses={listen} -c fsync=off -c max_connections=40"
    control = [_program("pg_ctl"), "-D", str(data), "-w"]
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    run([*inside, *as_user, *control, "-l", str(folder / "log"), "-o", options, "start"])
    try:
        yield PostgresServer(folder, port)
    finally:
        run([*control, "-m", "immediate", "stop"], user=user)
        shutil.rmtree(folder)


def _program(name: str) -> str:
    """Find one of PostgreSQL's programs: on the path, else where Debian puts them. Fails if there is none."""
    found = [shutil.which(name) or "", *sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)]
    program = next((path for path in found if path and os.access(path, os.X_OK)), None)
    if program is None:
        pytest.fail(f"there is no {name} here: install PostgreSQL's server for the tests marked `postgres` or `hosts`")
    return program
