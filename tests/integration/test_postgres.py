"""What is PostgreSQL's own, on a real server; the ledger's other tests run on it too, with `-m postgres`."""

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from db import intake, queries
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from db.migrate import migrate
from tests.postgres import postgres_server

pytestmark = pytest.mark.postgres


@pytest.fixture
def postgres(new_postgres_url: Callable[[], str]) -> Iterator[Database]:
    database = Database(new_postgres_url())
    migrate(database)
    yield database
    database.close()


def test_times_in_the_view_are_moments(postgres: Database) -> None:
    intake.register(postgres, "d", [SeenFile("a", 1, 1)])
    with postgres.writing() as connection:
        connection.execute(text("UPDATE images SET recognized_ms = 1795363445123"))
    with postgres.reading() as connection:
        found = connection.execute(text("SELECT recognized_at FROM results")).scalar_one()
    assert found == datetime(2026, 11, 22, 16, 4, 5, 123000, tzinfo=UTC)


def test_a_connection_lost_in_a_transaction_is_one_sentence_and_the_next_one_works(postgres: Database) -> None:
    (row_id,) = intake.register(postgres, "d", [SeenFile("a", 1, 1)])

    def lose_it() -> None:
        with postgres.writing() as connection:
            connection.execute(text("UPDATE images SET reason = 'half done'"))
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    def lose_it_at_the_driver() -> None:
        with postgres.direct() as ledger:
            ledger.run(text("UPDATE images SET reason = 'half done'"), {})
            ledger.run(text("SELECT pg_terminate_backend(pg_backend_pid())"), {})

    for lose in (lose_it, lose_it_at_the_driver):
        with pytest.raises(DatabaseUnavailable, match="can't be used") as caught:
            lose()
        assert "\n" not in str(caught.value)
        assert [(result.id, result.reason) for result in queries.find(postgres, "a")] == [(row_id, None)]


def test_connections_that_were_ended_meanwhile_are_replaced(postgres: Database) -> None:
    intake.register(postgres, "d", [SeenFile("a", 1, 1)])
    other = Database(postgres.url.render_as_string(hide_password=False))
    others = "datname = current_database() AND pid != pg_backend_pid()"
    with other.writing() as connection:
        ended = connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))  # noqa: S608 - fixed
        assert ended.scalars().all() == [True]
    other.close()
    assert queries.balance(postgres).seen == 1


def test_a_server_that_is_not_there_is_one_sentence_without_the_password(postgres: Database) -> None:
    away = postgres.url.set(query={"host": "/nowhere"}, password="secret")  # noqa: S106 - nobody's
    with pytest.raises(DatabaseUnavailable, match="/nowhere") as caught:
        migrate(Database(away.render_as_string(hide_password=False)))
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.fixture(scope="module")
def by_password(free_port: int) -> Iterator[str]:
    """Run a server on TCP, without TLS, that asks for a password; give a URL with a right one."""
    access = "host all all 127.0.0.1/32 scram-sha-256"
    with postgres_server(listen="127.0.0.1", access=access, port=free_port) as server:
        server.sql("CREATE USER digits PASSWORD 'p@ss:w/rd?#%'")
        server.sql("CREATE DATABASE ledger OWNER digits")
        yield f"postgresql+psycopg://digits:p%40ss%3Aw%2Frd%3F%23%25@127.0.0.1:{free_port}/ledger"


def test_a_password_may_have_any_character(by_password: str) -> None:
    database = Database(by_password)
    migrate(database)
    assert queries.balance(database).seen == 0
    database.close()


def test_a_host_that_is_gone_is_noticed_on_both_sides(by_password: str) -> None:
    database = Database(by_password)
    with database.reading() as connection:
        told = [connection.execute(text(f"SHOW tcp_keepalives_{name}")).scalar() for name in ("idle", "interval")]
        assert told == ["20", "10"]
        driver = connection.connection.driver_connection
        assert driver
        with socket.socket(fileno=os.dup(driver.fileno())) as ours:
            options = (socket.SO_KEEPALIVE, socket.SOL_SOCKET), (socket.TCP_KEEPIDLE, socket.IPPROTO_TCP)
            assert [ours.getsockopt(level, option) for option, level in options] == [1, 20]
    database.close()


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("p%40ss", "secret", "password authentication failed"),
        ("p%40ss", "sec@ret", "must be percent-encoded"),
        ("digits:", "digits:secret:", "password authentication failed"),
        ("/ledger", "/nowhere", 'database "nowhere" does not exist'),
        ("/ledger", "/ledger?sslmode=require", "SSL was required"),
        ("/ledger", "/ledger?bogus=1", "invalid connection option"),
        ("127.0.0.1:", "127.0.0.1:1", "can't be used"),
        ("127.0.0.1:", "nobody.invalid:", "can't be used"),
        ("digits:p%40ss%3Aw%2Frd%3F%23%25@", "", "can't be used"),
    ],
)
def test_a_server_that_lets_nobody_in_is_one_sentence_without_the_password(
    by_password: str, right: str, wrong: str, why: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=why) as caught:
        migrate(Database(by_password.replace(right, wrong)))
    said = str(caught.value)
    assert "\n" not in said
    assert not any(secret in said for secret in ("secret", "sec@", "ret@", "p%40ss", "p@ss"))
