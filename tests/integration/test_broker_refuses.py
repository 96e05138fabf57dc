"""A broker that answers and yet is of no use: a read-only replica, something else under our names, no memory."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.address import Address
from broker.client import Client
from broker.connection import Pauses, ping, wait_for
from broker.errors import BrokerRefuses
from broker.message import READING_QUEUE
from broker.server import CUT_OFF, EmbeddedBroker
from cli.retry import retry
from cli.status import show_status
from db import intake
from db.engine import Database
from db.intake import SeenFile
from settings import Settings
from supervisor.run import Run
from supervisor.supervisor import Supervisor
from watcher.enqueuer import Enqueuer

Eventually = Callable[[Callable[[], object], float], None]
#: Access rules that forbid all but changing them, and what ends that.
FORBID, ALLOW = ["ACL", "SETUSER", "default", "-@all", "+acl"], ["ACL", "SETUSER", "default", "+@all"]
#: What makes a broker useless, what heals it, and what it says.
FAULTS = {
    "forbidding": (FORBID, ALLOW, "refuses LLEN: "),
    "read-only": (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "read only replica"),
    "queue of another type": (["SET", "digits:reading", "x"], ["DEL", "digits:reading"], "WRONGTYPE|wrong kind"),
    "presence of another type": (["SET", "digits:presence", "x"], ["DEL", "digits:presence"], "WRONGTYPE|wrong kind"),
    "full": (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "maxmemory"),
}
#: What makes a broker refuse whoever comes anew, what heals it, and its reply.
REFUSALS = {
    "commands": (FORBID, ALLOW, "'ping'"),
    "password": (["CONFIG", "SET", "requirepass", "x"], ["CONFIG", "SET", "requirepass", ""], "authenticat"),
}


def command(client: Client, words: list[str]) -> None:
    client.redis.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py has no type for it


@pytest.fixture
def client(address: Address) -> Iterator[Client]:
    with closing(Client(address)) as connected:
        yield connected
        for _, heal, _ in (*FAULTS.values(), *REFUSALS.values()):
            command(connected, heal)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_true_cause_is_named_until_it_is_over(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    spoil, heal, said = FAULTS[fault]
    monkeypatch.setattr("supervisor.run.LOOK_AROUND_SECONDS", 0.0)
    url = client.redis.connection_pool.connection_kwargs["path"]
    settings = Settings(redis_url=f"redis+socket://{url}", var_dir=tmp_path, model_dir=tmp_path)
    with closing(Run(settings)) as run:
        command(client, spoil)
        run.tend()
        assert run.trouble is not None
        assert any(words in run.trouble for words in said.split("|"))
        assert run.doing == run.trouble
        command(client, heal)
        run.tend()
        assert run.trouble is None


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_reply_of_any_kind_is_a_refusal_and_no_silence(
    client: Client, broker_server: EmbeddedBroker, filled: Settings, capsys: pytest.CaptureFixture[str], refusal: str
) -> None:
    command(client, REFUSALS[refusal][0])
    with pytest.raises(BrokerRefuses, match=f"answers and refuses PING: .*{REFUSALS[refusal][2]}"):
        ping(broker_server.url)
    assert broker_server.answers()
    assert broker_server.ensure() is False  # no second server is started beside it

    settings = replace(filled, redis_url=broker_server.url)
    show_status(settings)
    assert re.search(r"^broker +the broker answers and refuses LLEN: ", capsys.readouterr().out, re.MULTILINE)
    show_status(settings, as_json=True)
    state = json.loads(capsys.readouterr().out)
    assert (state["broker_answers"], "refuses LLEN" in state["broker_refusal"]) == (True, True)
    retry(settings, None)
    assert "put back in the queue; the broker answers and refuses LPUSH: " in capsys.readouterr().out


def test_a_read_only_replica_is_logged_once_and_gets_its_rows_when_it_is_none_any_more(
    client: Client, sqlite_database: Database
) -> None:
    ids = intake.register(sqlite_database, "d", [SeenFile("a", 1, 1)])
    enqueuer = Enqueuer(sqlite_database, client, "d")
    command(client, FAULTS["read-only"][0])
    with capture_logs() as logs:
        enqueuer.enqueue(ids)
        for _ in range(5):
            enqueuer.reconcile()
        assert [log["event"] for log in logs] == ["the broker is lost, files wait in the ledger until it is back"]
        assert "read only" in logs[0]["why"]
        command(client, FAULTS["read-only"][1])
        enqueuer.reconcile()
    assert [log["event"] for log in logs][1:] == ["the broker is back", "enqueued again"]
    assert client.redis.llen(client.key(READING_QUEUE)) == 1


def test_a_part_waits_for_its_broker_and_says_so_once(short_path: Path) -> None:
    server = EmbeddedBroker(short_path)
    with capture_logs() as logs:
        waiting = threading.Thread(target=wait_for, args=(server.url,), daemon=True)
        waiting.start()
        waiting.join(1.0)
        assert waiting.is_alive()
        server.ensure()
        waiting.join(20.0)
        assert not waiting.is_alive()
    server.stop()
    assert [log["event"] for log in logs] == [
        "the broker can't be used, this part waits for it",
        "the broker can be used",
    ]


def test_an_own_broker_that_does_not_start_is_tried_again_and_ends_no_run(
    short_path: Path, eventually: Eventually
) -> None:
    in_the_way = short_path / "broker.sock"
    in_the_way.mkdir()
    supervisor = Supervisor(Settings(var_dir=short_path))
    supervisor.tend()
    assert "broker.log says why" in str(supervisor.trouble)
    in_the_way.rmdir()

    def up() -> bool:
        supervisor.tend()
        return supervisor.trouble is None

    eventually(up, 20.0)
    in_the_way.unlink()
    supervisor.tend()
    assert supervisor.news == [f"{CUT_OFF}."]
    assert in_the_way.is_socket()
    supervisor.stop()


def test_pauses_grow_to_their_most_and_begin_anew() -> None:
    pauses = Pauses(1.0, 5.0)
    assert [pauses.next() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    pauses.reset()
    assert pauses.next() == 1.0
