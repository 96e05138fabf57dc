"""Which broker a URL names."""

import socket
from pathlib import Path
from urllib.parse import unquote

import pytest

from broker.address import address_of
from broker.connection import connect, ping
from broker.errors import BrokerUnavailable
from broker.server import SOCKET_PATH_BYTES, embedded_url
from settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://:secret@host",
        "redis://:secret@host:port",
        "unix://:secret@/run/redis.sock",
        "valkey://:secret@host",
        "redis://h:99999",
        "redis://[::1",
        "redis://:secret/@host",
        "redis://:secret#@host",
        "redis://:secret?@host",
        "redis://:secret@host/name",
        "redis://:secret@host/0?socket_timeout=3",
        "redis://:secret@host?ssl_ca_certs=ca.pem",
    ],
)
def test_a_bad_url_is_one_sentence_without_the_password(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match=r"the broker URL .* can't be used") as caught:
        ping(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["unix:///run/redis.sock", "localhost:6379"])
def test_a_bad_url_is_told_with_those_that_are_understood(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match=r"it must begin with redis:// or rediss://$"):
        ping(url)


def test_connecting_does_not_need_a_broker() -> None:
    connect("redis://nobody.invalid:1/0").close()


def test_nobody_listening_is_one_sentence_without_the_password() -> None:
    with socket.socket() as taken:  # bound and not listening, so that nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        url = f"redis://user:secret@127.0.0.1:{taken.getsockname()[1]}/0"
        with pytest.raises(BrokerUnavailable, match=r"user:\*\*\*@127\.0\.0\.1.* does not answer") as caught:
            ping(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_set_broker_comes_before_the_embedded_one(tmp_path: Path) -> None:
    assert address_of(Settings(redis_url="redis://host/1", var_dir=tmp_path)).url == "redis://host/1"
    assert address_of(Settings(var_dir=tmp_path)).url == embedded_url(tmp_path)


def socket_path(var_dir: Path) -> str:
    return unquote(embedded_url(var_dir).removeprefix("redis+socket://"))


def test_the_embedded_brokers_socket_lies_in_its_folder() -> None:
    assert socket_path(Path("/srv/digits var/ü")) == "/srv/digits var/ü/broker.sock"


def test_a_long_path_gets_a_short_socket_that_stays_its_own() -> None:
    long, longer = Path("/srv") / ("x" * 100), Path("/srv") / ("x" * 101)
    assert len(socket_path(long)) < SOCKET_PATH_BYTES
    assert socket_path(long) == socket_path(long)
    assert socket_path(long) != socket_path(longer)


def test_the_longest_path_that_fits_is_used_and_no_longer_one() -> None:
    room = SOCKET_PATH_BYTES - 1 - len("/srv/" + "/broker.sock")
    assert socket_path(Path("/srv") / ("x" * room)).startswith("/srv/x")
    assert not socket_path(Path("/srv") / ("x" * (room + 1))).startswith("/srv/x")
    assert not socket_path(Path("/srv") / ("ü" * (room // 2 + 1))).startswith("/srv/ü")
