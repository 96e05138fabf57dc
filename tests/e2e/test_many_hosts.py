"""Three hosts, each a network, host name and mounts of its own: workers join by two URLs, and one is cut off."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from db import intake, queries
from db.engine import Database
from db.tables import Status
from tests.place import ROOT
from tests.postgres import postgres_server
from tests.redis_server import PASSWORD, redis_server

pytestmark = pytest.mark.hosts

Eventually = Callable[[Callable[[], object], float], None]

#: The first host's address; the others reach it through links of their own.
ADDRESS = "10.77.0.1"
#: Seconds for anything that is waited for, a lost worker's claim of 60 included.
PATIENCE = 120.0
PICTURE = (ROOT / "digits" / "zero-mnist-28px.png").read_bytes()
#: What makes a process feel on a host of its own: a name, the shared folder and the models mounted, a place to work in.
_ARRIVE = 'hostname "$1"; mount --bind "$2" "$3"; mount --bind -o ro "$4" "$5"; cd "$6"; shift 6; exec "$@"'


@dataclass
class Host:
    """A network namespace, and what runs in it."""

    name: str
    namespace: str
    folder: Path
    share: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> str:
        """What its processes said."""
        path = self.folder / "output.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def answered(self) -> int:
        """Count the files that its workers have answered."""
        return sum(int(count) for count in re.findall(r"chunk read.* answered=(\d+)", self.log))

    def start(self, *arguments: str) -> None:
        """Start a `digits` command that goes on."""
        with (self.folder / "output.log").open("ab") as output:
            process = subprocess.Popen(
                self._command(arguments), env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.started.append(process)

    def digits(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `digits` command to its end."""
        return subprocess.run(
            self._command(arguments), env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        mounts = [
            self.share.parent / "export",
            self.share,
            ROOT / "recognizer" / "shipped",
            self.folder / "model",
            self.folder,
        ]
        arrive = ["unshare", "--uts", "sh", "-ec", _ARRIVE, "sh", self.name, *map(str, mounts)]
        return [*inside(self.namespace), *arrive, sys.executable, "-P", "-m", "cli.main", *arguments]

    def end(self) -> None:
        """End what runs here."""
        for process in self.started:
            process.send_signal(signal.SIGTERM)
        for process in self.started:
            process.wait(PATIENCE)


def inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]


def ip(*arguments: str) -> None:
    """Change the network. Fails with one sentence where that is not allowed."""
    try:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)  # noqa: S607 - in sbin or elsewhere
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", None) or error
        pytest.fail(f"no network namespaces here, these tests need root and iproute2: {str(why).strip()}")


class Network:
    """Namespaces `main`, `b` and `c`; the latter two each have a link to the first."""

    def __init__(self, stack: ExitStack) -> None:
        self.names = {name: f"digits-{os.getpid()}-{name}" for name in ("main", "b", "c")}
        for namespace in self.names.values():
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "delete", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        ip("-n", self.names["main"], "address", "add", f"{ADDRESS}/32", "dev", "lo")
        for number, name in enumerate(("b", "c"), start=1):
            self._connect(name, f"10.77.{number}")

    def _connect(self, name: str, prefix: str) -> None:
        main, other = self.names["main"], self.names[name]
        ip("link", "add", f"to-{name}", "netns", main, "type", "veth", "peer", "name", "eth0", "netns", other)
        ip("-n", main, "address", "add", f"{prefix}.1/24", "dev", f"to-{name}")
        ip("-n", other, "address", "add", f"{prefix}.2/24", "dev", "eth0")
        ip("-n", main, "link", "set", f"to-{name}", "up")
        ip("-n", other, "link", "set", "eth0", "up")
        ip("-n", other, "route", "add", "default", "via", f"{prefix}.1")

    def cut(self, name: str) -> None:
        """Pull the cable of a host."""
        ip("-n", self.names["main"], "link", "set", f"to-{name}", "down")

    def mend(self, name: str) -> None:
        """Put it back."""
        ip("-n", self.names["main"], "link", "set", f"to-{name}", "up")


@dataclass
class Hosts:
    """The network, a host with Redis, PostgreSQL and the watcher, and two hosts for workers."""

    network: Network
    main: Host
    b: Host
    c: Host
    ledger: Database
    dropped: int = 0

    def drop(self, files: int) -> None:
        """Write more pictures into the shared folder."""
        for number in range(self.dropped, self.dropped + files):
            (self.main.share.parent / "export" / f"{number}.png").write_bytes(PICTURE)
        self.dropped += files

    def both_at_work(self) -> bool:
        """Whether both workers have a chunk in hand; sees to it that there is work for them."""
        if not queries.balance(self.ledger).waiting:
            self.drop(500)
        with self.ledger.reading() as connection:
            held = text("SELECT count(DISTINCT claim) FROM images WHERE status = 'queued'")
            return bool(connection.execute(held).scalar_one() == 2)

    def balanced(self) -> bool:
        """Whether every dropped file has its final row."""
        counted = queries.balance(self.ledger)
        return counted.seen == counted.by_status[Status.ACCEPTED] == self.dropped


@pytest.fixture
def hosts(tmp_path: Path, short_path: Path, eventually: Eventually) -> Iterator[Hosts]:
    """Give three hosts with a migrated ledger; no part of Digit Inbox runs yet."""
    with ExitStack() as stack:
        network = Network(stack)
        main = inside(network.names["main"])
        access = "host all digits 10.77.0.0/16 scram-sha-256"
        postgres = stack.enter_context(postgres_server(listen=ADDRESS, access=access, inside=main))
        stack.enter_context(redis_server(short_path, ADDRESS, 6379, eventually=eventually, inside=main))
        postgres.sql(f"CREATE USER digits PASSWORD '{PASSWORD}'")
        postgres.sql("CREATE DATABASE digits OWNER digits")
        secret = quote(PASSWORD, safe="")
        joined = {
            "DIGITS_REDIS_URL": f"redis://digits:{secret}@{ADDRESS}:6379/0",
            "DIGITS_DATABASE_URL": f"postgresql+psycopg://digits:{secret}@{ADDRESS}/digits",
        }
        share, export = tmp_path / "inbox", tmp_path / "export"
        share.mkdir()
        export.mkdir()
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        found = {}
        for name, namespace in network.names.items():
            folder = tmp_path / name
            (folder / "model").mkdir(parents=True)
            found[name] = Host(f"host-{name}", namespace, folder, share, plain | joined)
            stack.callback(found[name].end)
        migrated = found["main"].digits("migrate")
        assert migrated.returncode == 0, migrated.stderr
        ledger = Database(postgres.url("digits"))
        stack.callback(ledger.close)
        yield Hosts(network, found["main"], found["b"], found["c"], ledger)


def test_workers_of_other_hosts_join_by_two_urls_and_one_that_is_cut_off_loses_nothing(
    hosts: Hosts, eventually: Eventually
) -> None:
    main, b, c = hosts.main, hosts.b, hosts.c
    main.start("watch", str(main.share))
    for host in (b, c):
        host.start("worker", "--workers", "1")
    for host in (b, c):
        eventually(lambda host=host: "model loaded" in host.log, PATIENCE)  # type: ignore[misc]
    hosts.drop(2_000)
    eventually(lambda: b.answered() and c.answered(), PATIENCE)
    eventually(hosts.both_at_work, PATIENCE)
    hosts.network.cut("b")
    hosts.drop(1_000)
    eventually(hosts.balanced, PATIENCE)
    away = b.answered()
    hosts.network.mend("b")
    eventually(lambda: "worker    model" in b.digits("status").stdout, PATIENCE)

    def b_reads_again() -> bool:
        hosts.drop(500)
        eventually(hosts.balanced, PATIENCE)
        return b.answered() > away

    eventually(b_reads_again, PATIENCE)
    eventually(lambda: "host-b" in main.digits("status").stdout, PATIENCE)  # it announces itself when it is back
    status = main.digits("status")
    assert status.returncode == 0, status.stdout + status.stderr
    assert "host-main" in status.stdout
    assert "host-c" in status.stdout
    said = main.log + b.log + c.log
    assert PASSWORD not in said
    assert quote(PASSWORD, safe="") not in said


#: Takes all rows in hand, and leaves the server with an answer that nobody confirms if the cable is pulled meanwhile.
_HOLD = """
from sqlalchemy import text
from db.engine import Database
from settings import load_settings
with Database(load_settings().database_url).writing() as connection:
    connection.execute(text("SELECT id FROM images FOR UPDATE"))
    print("held", flush=True)
    connection.execute(text("SELECT pg_sleep(3), repeat('x', 9000)"))
    input()
"""


def test_rows_that_a_host_had_locked_are_free_again_when_it_is_cut_off_in_mid_answer(hosts: Hosts) -> None:
    intake.register(hosts.ledger, "inbox", [intake.SeenFile("1.png", 1, 1)])
    command = [*inside(hosts.b.namespace), sys.executable, "-c", _HOLD]
    environment = hosts.b.environment | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            hosts.network.cut("b")
            with hosts.ledger.writing() as connection:  # raises if the lock outlasts the patience
                connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE:.0f}s'"))
                assert connection.execute(text("SELECT id FROM images FOR UPDATE")).all()
        finally:
            holder.kill()
