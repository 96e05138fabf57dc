"""The embedded broker among other users' files and processes: it believes the system, and no server's word."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from broker.address import Address, address_of
from broker.client import Client
from broker.connection import connect
from broker.errors import BrokerUnavailable
from broker.peer import peer_at
from broker.server import CUT_OFF, EmbeddedBroker, embedded_url
from settings import Settings

Start = Callable[[Path], "subprocess.Popen[bytes]"]
#: Listens at a socket, answers as a Redis whose process is another one, and writes down what it receives.
FALSE_SERVER = """
import socket, sys, threading
path, victim, seen = sys.argv[1:]

def serve(end):
    while got := end.recv(65536):
        with open(seen, "ab") as file:
            file.write(got)
        info = b"process_id:" + victim.encode()
        hello = b"%1\\r\\n$5\\r\\nproto\\r\\n:3\\r\\n"
        others = b"+PONG\\r\\n" if b"PING" in got else b"$%d\\r\\n%s\\r\\n" % (len(info), info)
        end.sendall(hello if b"HELLO" in got else others)

listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
listening.listen(50)
print("listens", flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


@pytest.fixture
def deep(short_path: Path) -> Iterator[Path]:
    """Give a folder whose path is too long for a socket in it."""
    var_dir = short_path / ("x" * 120) / "var"
    yield var_dir
    folder = fallback(var_dir)
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def fallback(var_dir: Path) -> Path:
    """Give the folder in /tmp where the socket is, without a look at it."""
    from broker.server import _socket  # noqa: PLC0415 - the name that another user predicts

    return _socket(var_dir).parent


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of ours that has nothing to do with it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def false_server(victim: subprocess.Popen[bytes], tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start(path: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", FALSE_SERVER, str(path), str(victim.pid), str(tmp_path / "seen")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o701])
def test_a_folder_in_tmp_that_others_can_enter_is_refused(deep: Path, mode: int) -> None:
    fallback(deep).mkdir()
    fallback(deep).chmod(mode)
    with pytest.raises(BrokerUnavailable, match="set DIGITS_VAR_DIR to a folder with a shorter path"):
        EmbeddedBroker(deep)
    with pytest.raises(BrokerUnavailable):
        address_of(Settings(var_dir=deep))


def test_a_link_in_tmp_is_refused(deep: Path, short_path: Path) -> None:
    (short_path / "private").mkdir(mode=0o700)
    fallback(deep).symlink_to(short_path / "private")
    with pytest.raises(BrokerUnavailable):
        EmbeddedBroker(deep)


def test_a_folder_of_another_user_is_refused(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fallback(deep) / "broker.sock"
    path.parent.mkdir(mode=0o700)
    embedded_url(deep)
    monkeypatch.setattr("broker.server._socket", lambda _: path)
    monkeypatch.setattr("broker.peer.os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BrokerUnavailable):
        embedded_url(deep)


def test_a_folder_that_somebody_makes_in_the_last_moment_gets_no_byte(
    deep: Path, false_server: Start, tmp_path: Path
) -> None:
    server = EmbeddedBroker(deep)
    fallback(deep).mkdir()
    fallback(deep).chmod(0o777)
    false_server(fallback(deep) / "broker.sock")
    for attempt in (server.ensure, server.answers):
        with pytest.raises(BrokerUnavailable):
            attempt()
    assert not (tmp_path / "seen").exists()


def test_a_server_of_another_user_gets_no_byte_and_no_signal(
    short_path: Path,
    false_server: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = false_server(short_path / "broker.sock")
    server = EmbeddedBroker(short_path)
    monkeypatch.setattr("broker.peer.os.geteuid", lambda: os.getuid() + 1)
    assert not server.answers()
    assert not server.alive()
    server.stop()
    assert process.poll() is None
    assert not (tmp_path / "seen").exists()


def test_only_the_process_that_listens_is_ended_and_not_the_one_it_names(
    short_path: Path,
    false_server: Start,
    victim: subprocess.Popen[bytes],
) -> None:
    process = false_server(short_path / "broker.sock")
    server = EmbeddedBroker(short_path)
    assert server.alive()
    assert not server.ensure()
    server.stop()
    assert process.wait(10) is not None
    assert victim.poll() is None


@pytest.mark.parametrize("pid", [0, 1])
def test_no_signal_goes_to_everybody(short_path: Path, pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedBroker(short_path)
    server.ensure()
    sent: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr("broker.peer._credentials", lambda _: (pid, os.geteuid()))
        patched.setattr("broker.server.STOP_SECONDS", 0.1)
        patched.setattr("broker.server.os.kill", lambda to, _: sent.append(to))
        guest = EmbeddedBroker(short_path)
        guest.ensure()
        guest.stop()
    assert sent == []
    server.stop()
    assert not server.answers()


def socket_file(server: EmbeddedBroker) -> Path:
    return Path(unquote(server.url.removeprefix("redis+socket://")))


@pytest.mark.parametrize("attached", [False, True])
def test_a_removed_socket_is_noticed_and_a_new_broker_is_started(short_path: Path, attached: bool) -> None:  # noqa: FBT001
    owner = EmbeddedBroker(short_path)
    owner.ensure()
    server = EmbeddedBroker(short_path) if attached else owner
    server.ensure()
    before = peer_at(socket_file(server))
    assert before is not None
    socket_file(server).unlink()
    assert not server.alive()
    with capture_logs() as logs:
        assert server.ensure()
    assert [log["event"] for log in logs] == [CUT_OFF]
    assert server.alive()
    assert not before.alive, "the old server still holds messages that nobody gets"
    with closing(Client(Address(server.url, "digits"))) as client:
        assert client.enqueue([1])
    server.stop()
    owner.stop()
    assert not socket_file(server).exists()


def test_a_socket_that_somebody_replaced_is_noticed(short_path: Path, false_server: Start) -> None:
    server = EmbeddedBroker(short_path)
    server.ensure()
    socket_file(server).rename(short_path / "away")
    false_server(socket_file(server))
    assert not server.alive()
    server.stop()
    (short_path / "away").unlink(missing_ok=True)


def test_the_name_in_tmp_is_the_user_s_own(deep: Path) -> None:
    server = EmbeddedBroker(deep)
    server.ensure()
    with connect(server.url) as client:
        assert client.ping()
    assert fallback(deep).parent == Path(tempfile.gettempdir())
    server.stop()
