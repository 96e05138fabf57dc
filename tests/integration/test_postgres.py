"""What is PostgreSQL's own, on a real server; the ledger's other tests run on it too, with `-m postgres`."""

import os
import random
import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import create_engine, make_url, text
from structlog.testing import capture_logs

from db import claims, intake, queries
from db.claims import Answer
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from db.migrate import migrate
from db.tables import Status
from tests.place import Place
from tests.postgres import postgres_server
from watcher.registrar import Registrar
from watcher.stability import Settling

if TYPE_CHECKING:
    from watcher.enqueuer import Enqueuer

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


@pytest.fixture
def latin(new_postgres_url: Callable[[], str]) -> Iterator[Database]:
    """Give a ledger that has no letters but those of western Europe."""
    url = make_url(new_postgres_url())
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"latin_{url.database}"
    with admin.connect() as connection:
        options = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(text(f"CREATE DATABASE {name} {options}"))
    admin.dispose()
    database = Database(url.set(database=name).render_as_string(hide_password=False))
    migrate(database)
    yield database
    database.close()


class Sent(list[int]):
    """Takes the rows that a registrar enqueues."""

    enqueue = list.extend


def test_a_name_that_the_database_can_not_hold_is_counted_and_harms_no_other_file(
    latin: Database, tmp_path: Path
) -> None:
    names = ["7.png", "\u00fc.png", "\u65e5\u672c.png", *(f"{number}.png" for number in range(40))]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))
    sent = Sent()
    registrar = Registrar(os.fsencode(tmp_path), latin, cast("Enqueuer", sent), Settling(0))
    with capture_logs() as logs:
        assert registrar.scan() == len(sent) == 41
        assert registrar.scan() == 0
        assert registrar.look({"\u65e5\u672c.png".encode(): True}) == 0
    assert [(line["event"], line["file"]) for line in logs] == [("file not registered", "\u65e5\u672c.png")]
    counted = queries.not_registered(latin)
    assert (counted.files, "LATIN1" in str(counted.reason)) == (1, True)
    (tmp_path / "\u65e5\u672c.png").rename(tmp_path / "nihon.png")
    assert registrar.scan() == 1
    assert queries.not_registered(latin).files == 0


def test_a_single_run_says_that_a_file_could_not_be_registered(latin: Database, place: Place) -> None:
    (place.inbox / "\u65e5\u672c.png").touch()
    os.utime(place.inbox / "\u65e5\u672c.png", (1, 1))
    ended = place.digits("run", "--once", DIGITS_DATABASE_URL=latin.url.render_as_string(hide_password=False))
    assert ended.returncode == 1
    assert re.fullmatch(r"1 file could not be registered: .*LATIN1.*\n", ended.stderr)


def test_a_folder_that_the_database_can_not_name_is_counted_too(latin: Database, tmp_path: Path) -> None:
    folder = tmp_path / "\u65e5\u672c"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).touch()
    registrar = Registrar(os.fsencode(folder), latin, cast("Enqueuer", Sent()), Settling(0))
    assert registrar.scan() == 0
    assert queries.not_registered(latin).files == 2


@pytest.mark.parametrize("reading", ["\u65e5", "".join(random.Random(1).choices("0123456789", k=20_000))])  # noqa: S311 - no secret
def test_an_answer_that_the_database_can_not_hold_fails_its_row_with_the_reason(latin: Database, reading: str) -> None:
    good, bad = intake.register(latin, "d", [SeenFile(name, 1, 1) for name in ("good", "bad")])
    claims.claim(latin, [good, bad], "message")
    given = [Answer(good, Status.ACCEPTED, reading="7"), Answer(bad, Status.ACCEPTED, reading=reading)]
    assert claims.answer(latin, "message", given) == 2
    found = {result.id: result for result in queries.results(latin, queries.Filter())}
    assert (found[good].status, found[bad].status) == (Status.ACCEPTED, Status.FAILED)
    assert "can't hold" in str(found[bad].reason)


def test_tables_that_are_away_are_waited_for(postgres: Database, tmp_path: Path) -> None:
    (tmp_path / "7.png").touch()
    os.utime(tmp_path / "7.png", (1, 1))
    registrar = Registrar(os.fsencode(tmp_path), postgres, cast("Enqueuer", Sent()), Settling(0))
    rename = "ALTER TABLE {} RENAME TO {}"
    with postgres.writing() as connection:
        connection.execute(text(rename.format("images", "away")))
    for ask in (registrar.scan, lambda: queries.balance(postgres), lambda: claims.claim(postgres, [1], "message")):
        with pytest.raises(DatabaseUnavailable, match=r"can't be used: .*images") as caught:
            ask()
        assert "\n" not in str(caught.value)
    with postgres.writing() as connection:
        connection.execute(text(rename.format("away", "images")))
    assert registrar.scan() == 1


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
