"""What is PostgreSQL's own, on a real server; the ledger's other tests run on it too, with `-m postgres`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from db import intake, queries
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from db.migrate import migrate

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

    with pytest.raises(DatabaseUnavailable, match="can't be used") as caught:
        lose_it()
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
