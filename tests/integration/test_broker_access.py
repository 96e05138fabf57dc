"""Redis behind access rules and TLS, as docs/more-than-one-machine.md says: the whole path, and clear errors."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from kombu import Message, Queue

from broker.address import Address
from broker.client import Client
from broker.connection import connect, ping
from broker.errors import BrokerUnavailable
from broker.message import READING_QUEUE
from tests.place import ROOT, Place
from tests.redis_server import PASSWORD, admin, documented_rules, redis_server
from worker.app import make_app

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for, on a machine that is busy with other things.
PATIENCE = 60.0


@pytest.fixture
def looking_on(short_path: Path, free_port: int, eventually: Eventually) -> Iterator[redis.Redis]:
    """Run a Redis that knows the documented user; give the administrator's client."""
    with redis_server(short_path, "127.0.0.1", free_port, eventually=eventually) as path, admin(path) as client:
        yield client


@pytest.fixture
def url(looking_on: redis.Redis, free_port: int) -> str:  # noqa: ARG001 - it runs the server
    return f"redis://digits:{quote(PASSWORD, safe='')}@127.0.0.1:{free_port}/0"


@pytest.fixture
def tls_url(url: str, free_port: int, tmp_path: Path) -> Iterator[str]:
    """Put TLS before the Redis (the wheel's server has none), with a certificate made for this test."""
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *subject]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    with _tls_before(free_port, certificate, key) as tls_port:
        behind_tls = url.replace("redis:", "rediss:").replace(f":{free_port}/", f":{tls_port}/")
        yield f"{behind_tls}?ssl_ca_certs={certificate}"


@contextlib.contextmanager
def _tls_before(port: int, certificate: Path, key: Path) -> Iterator[int]:
    """Pass on what comes by TLS, as stunnel would; give the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.transport.abort()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, behind_writer), copy(behind_reader, writer), return_exceptions=True)

    server = loop.run_until_complete(asyncio.start_server(meet, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]

    async def end() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted closes its socket in the next round

    asyncio.run_coroutine_threadsafe(end(), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def read_three_files(place: Place, url: str, eventually: Eventually) -> None:
    """Run the parts as on hosts of their own; all three files must be read, and `digits status` content."""
    place.variables["DIGITS_REDIS_URL"] = url
    assert place.digits("migrate").returncode == 0
    parts = [place.start(*part) for part in (["watch"], ["worker", "--workers", "1"], ["worker", "--trainer"])]
    for name in ("four-marker.png", "five-phone-photo.jpg", "nine-scanned.jpg"):
        shutil.copy(ROOT / "digits" / name, place.inbox)
    eventually(lambda: place.accepted() == 3, PATIENCE)
    assert '"9"' in place.digits("results", "--format", "json").stdout
    status = place.digits("status")
    assert "accepted  3" in status.stdout
    assert status.returncode == 0
    client = Client(Address(url, "digits"))
    client.ask_for_training()  # there is a model: the trainer looks and is content
    eventually(lambda: client.trainings_waiting() == 0, PATIENCE)
    client.close()
    for part in parts:
        part.terminate()
        said = part.communicate(timeout=PATIENCE)[0]
        assert PASSWORD not in said
        assert quote(PASSWORD, safe="") not in said
        assert "Traceback" not in said


def test_the_documented_user_may_do_what_the_whole_path_needs_and_nothing_more(
    looking_on: redis.Redis, url: str, place: Place, eventually: Eventually
) -> None:
    read_three_files(place, url, eventually)
    give_back_a_message(url)
    assert looking_on.acl_log() == []
    used = {name.removeprefix("cmdstat_") for name in looking_on.info("commandstats")}
    granted = {word[1:] for word in documented_rules().split() if word.startswith("+")}
    assert granted - used == set()


def give_back_a_message(url: str) -> None:
    """Refuse a message, and end orderly with it in hand: it comes again each time."""
    address = Address(url, "digits")
    client, held = Client(address), list[Message]()
    assert client.enqueue([1])
    queue = Queue(READING_QUEUE, no_declare=True)
    app = make_app(address)
    with (
        app.connection() as connection,
        connection.Consumer([queue], accept=["json"], callbacks=[lambda _, message: held.append(message)]),
    ):
        connection.drain_events(timeout=PATIENCE)
        held[0].requeue()
        assert client.enqueue([2])
        connection.drain_events(timeout=PATIENCE)
    assert [message.payload for message in held] == [held[0].payload, held[0].payload, held[2].payload]
    assert client.waiting() == 2
    client.close()


@pytest.mark.parametrize(
    "command",
    [["FLUSHALL"], ["CONFIG", "GET", "*"], ["SHUTDOWN"], ["KEYS", "*"], ["GET", "other"], ["PUBLISH", "c", "m"]],
    ids=lambda command: command[0],
)
def test_the_documented_user_may_not_harm_the_server_or_read_what_is_not_ours(
    looking_on: redis.Redis, url: str, command: list[str]
) -> None:
    looking_on.set("other", "secret")
    with connect(url) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)


def test_a_wrong_password_is_one_sentence_that_does_not_show_it(url: str, place: Place) -> None:
    wrong = url.replace(quote(PASSWORD, safe=""), "not-%40-the-one")
    place.variables["DIGITS_REDIS_URL"] = wrong
    assert place.digits("migrate").returncode == 0
    for part in ("watch", "worker"):
        failed = place.digits(part)
        assert failed.returncode == 1
        assert failed.stderr.startswith("digits: the broker at redis://digits:***@127.0.0.1")
        assert failed.stderr.count("\n") == 1
        assert "the-one" not in failed.stdout + failed.stderr
    status = place.digits("status")
    assert "the-one" not in status.stdout + status.stderr


@pytest.mark.hosts
def test_the_whole_path_goes_through_tls(tls_url: str, place: Place, eventually: Eventually) -> None:
    read_three_files(place, tls_url, eventually)


@pytest.mark.hosts
def test_a_certificate_that_nobody_vouches_for_is_refused_by_every_client(
    tls_url: str, looking_on: redis.Redis
) -> None:
    trusting_nobody = tls_url.partition("?")[0]
    with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
        ping(trusting_nobody)
    client = Client(Address(trusting_nobody, "digits"))
    assert not client.enqueue([1])
    client.close()
    assert looking_on.llen(client.key(READING_QUEUE)) == 0


@pytest.mark.hosts
def test_a_missing_certificate_file_is_one_sentence(tls_url: str) -> None:
    with pytest.raises(BrokerUnavailable, match="does not answer") as caught:
        ping(tls_url + ".missing")
    assert "\n" not in str(caught.value)
