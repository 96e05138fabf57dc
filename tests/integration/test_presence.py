"""Who is present, in a real broker."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.address import Address
from broker.client import Client
from broker.presence import ANNOUNCE_SECONDS, GONE_SECONDS, MAX_BYTES, MAX_PRESENT, OwnPresence, Presence, present
from broker.server import EmbeddedBroker
from tests.place import ROOT

#: Where presence is in Redis.
KEY = "digits:presence"


@pytest.fixture
def client(address: Address) -> Iterator[Client]:
    with closing(Client(address)) as connected:
        yield connected


def seconds(client: Client) -> int:
    return int(client.redis.time()[0])


def member(role: str, pid: int = 7, doing: str = "") -> str:
    return json.dumps({"role": role, "host": "h", "pid": pid, "doing": doing})


def test_who_announces_itself_is_listed_by_role_with_what_it_does(client: Client) -> None:
    OwnPresence(client, "worker", lambda: "model 3").announce()
    OwnPresence(client, "trainer", lambda: "epoch 1 of 2").announce()
    host, pid = socket.gethostname(), os.getpid()
    assert present(client) == [
        Presence("trainer", host, pid, "epoch 1 of 2"),
        Presence("worker", host, pid, "model 3"),
    ]


def test_a_folder_whose_name_is_no_text_can_be_announced(client: Client) -> None:
    name = os.fsdecode(b"in\xff\n<b>box")
    OwnPresence(client, "watcher", lambda: name).announce()
    assert [one.doing for one in present(client) or []] == ["in\\udcff\\n<b>box"]


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;owned\x07", "\n12:00:00  7  99.9%  accepted  forged.png", "\u202e7"])
def test_what_would_act_on_a_terminal_is_escaped_before_anybody_gets_it(client: Client, text: str) -> None:
    forged = json.dumps({"role": "worker", "host": text, "pid": 7, "doing": text})
    client.redis.zadd(KEY, {forged: seconds(client)})
    (one,) = present(client) or []
    assert one.host.isprintable()
    assert one.doing.isprintable()


def test_more_processes_than_there_can_be_are_not_read(client: Client) -> None:
    client.redis.zadd(KEY, {member("worker", pid): seconds(client) for pid in range(1, MAX_PRESENT + 100)})
    assert len(present(client) or []) == MAX_PRESENT


def test_nobody_is_present_in_the_future(client: Client) -> None:
    client.redis.zadd(KEY, {member("worker"): 2**52})
    assert present(client) == []
    OwnPresence(client, "worker", lambda: "model 3").announce()
    assert client.redis.zcard(KEY) == 1


def test_processes_are_listed_by_number(client: Client) -> None:
    client.redis.zadd(KEY, {member("worker", pid): seconds(client) for pid in (10, 9)})
    assert [one.pid for one in present(client) or []] == [9, 10]


def test_what_a_process_does_now_replaces_what_it_did(client: Client) -> None:
    doing = iter(["no model", "model 3", "model 3"])
    presence = OwnPresence(client, "worker", lambda: next(doing))
    for _ in range(3):
        presence.announce()
    assert [one.doing for one in present(client) or []] == ["model 3"]
    assert client.redis.zcard(KEY) == 1


def test_one_that_ended_is_gone_at_once_and_announces_nothing_more(client: Client) -> None:
    presence = OwnPresence(client, "worker", lambda: "model 3")
    presence.end()
    presence.announce()
    assert present(client) == []
    other = OwnPresence(client, "watcher", lambda: "digits")
    other.start()
    other.end()
    other.end()
    other.join(5)
    assert not other.is_alive()
    assert not client.redis.exists(KEY)


def test_one_that_fell_silent_is_not_listed_and_is_dropped_by_the_next_announcement(client: Client) -> None:
    now = seconds(client)
    client.redis.zadd(KEY, {member("worker", 7): now - GONE_SECONDS - 1, member("worker", 8): now - ANNOUNCE_SECONDS})
    assert [one.pid for one in present(client) or []] == [8]
    assert client.redis.zcard(KEY) == 2
    OwnPresence(client, "watcher", lambda: "digits").announce()
    assert client.redis.zscore(KEY, member("worker", 7)) is None
    assert client.redis.zcard(KEY) == 2


#: Announces a watcher by a clock of the year 2096.
WRONG_CLOCK = """
import sys, time
time.time = lambda: 4e9
from broker.address import Address
from broker.client import Client
from broker.presence import OwnPresence
OwnPresence(Client(Address(sys.argv[1], "digits")), "watcher", lambda: "digits").announce()
"""


def test_a_host_with_a_wrong_clock_is_seen_and_drops_nobody(client: Client, broker_url: str) -> None:
    OwnPresence(client, "worker", lambda: "model 3").announce()
    subprocess.run([sys.executable, "-c", WRONG_CLOCK, broker_url], cwd=ROOT, check=True)
    assert [one.role for one in present(client) or []] == ["watcher", "worker"]


@pytest.mark.parametrize(
    "forged",
    [
        "",
        b"\xff",
        "5",
        "[]",
        "{}",
        '{"role": "worker"}',
        member("worker").replace("7", '"7"'),
        member("worker")[:-1],
        '{"x":' + "[" * 100_000,
        member("boss"),
        member("worker", -1),
        member("worker", 2**40),
        member("worker", doing="x" * MAX_BYTES),
        json.dumps({"role": "worker", "host": "h" * 256, "pid": 7, "doing": ""}),
    ],
    ids=[
        "nothing",
        "bytes",
        "number",
        "list",
        "empty",
        "half",
        "other",
        "cut",
        "deep",
        "role",
        "negative",
        "no-process",
        "long",
        "no-host",
    ],
)
def test_what_is_none_of_ours_is_passed_over(client: Client, forged: bytes | str) -> None:
    OwnPresence(client, "worker", lambda: "model 3").announce()
    client.redis.zadd(KEY, {forged: seconds(client)})  # type: ignore[type-var]  # either will do
    assert [one.doing for one in present(client) or []] == ["model 3"]


def test_a_look_costs_the_same_however_many_keys_there_are(client: Client) -> None:
    client.redis.mset({f"somebody's:{number}": number for number in range(5000)})
    OwnPresence(client, "worker", lambda: "model 3").announce()
    client.redis.config_resetstat()
    present(client)
    asked = {name: one["calls"] for name, one in client.redis.info("commandstats").items()}
    assert asked == {"cmdstat_config|resetstat": 1, "cmdstat_time": 1, "cmdstat_zrange": 1}


def test_with_a_lost_broker_nobody_is_known_and_no_announcement_fails(short_path: Path) -> None:
    with closing(Client(Address(EmbeddedBroker(short_path).url, "digits"))) as client:
        presence = OwnPresence(client, "worker", lambda: "model 3")
        presence.announce()
        presence.end()
        assert present(client) is None
