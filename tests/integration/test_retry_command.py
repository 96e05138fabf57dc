"""What `digits retry` puts back."""

import dataclasses
from pathlib import Path

import pytest

from broker.address import Address
from broker.client import Client
from broker.errors import BrokerUnavailable
from cli.errors import CommandFailed
from cli.retry import retry
from db import claims, intake, queries
from db.engine import Database
from db.queries import Filter
from db.tables import Status
from settings import Settings
from tests.closed import closed
from tests.filled import answer

Capture = pytest.CaptureFixture[str]


def _statuses(database: Database) -> dict[str, Status]:
    return {row.path: row.status for row in queries.results(database, Filter())}


def test_retry_puts_back_all_that_failed(filled: Settings, sqlite_database: Database, capsys: Capture) -> None:
    retry(filled, None)
    assert _statuses(sqlite_database)["notes.png"] == Status.QUEUED
    assert "1 file put back" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["four or nine.png", "digits/four or nine.png", "{here}/digits/../digits/four or nine.png"]
)
def test_retry_knows_a_file_by_each_of_its_names(
    filled: Settings, sqlite_database: Database, name: str, tmp_path: Path
) -> None:
    Path("digits/four or nine.png").touch()
    retry(filled, [Path(name.format(here=tmp_path))])
    changed = {path for path, status in _statuses(sqlite_database).items() if status == Status.QUEUED}
    assert changed == {"four or nine.png", "waiting.png"}


def test_retry_of_a_file_that_is_gone_keeps_its_reading_and_says_so(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    before = queries.results(sqlite_database, Filter())
    retry(filled, [Path("seven.png"), Path("blank.png")])
    assert queries.results(sqlite_database, Filter()) == before
    told = capsys.readouterr().out
    assert "seven.png is gone, so it keeps its reading" in told
    assert "blank.png is gone" in told
    Path("digits/seven.png").touch()
    retry(filled, [Path("seven.png"), Path("blank.png")])
    statuses = _statuses(sqlite_database)
    assert (statuses["seven.png"], statuses["blank.png"]) == (Status.QUEUED, Status.REJECTED)


def test_retry_keeps_the_reading_of_a_file_whose_folder_is_not_here(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    Path("digits").rmdir()
    before = queries.results(sqlite_database, Filter())
    retry(filled, [Path("seven.png")])
    assert queries.results(sqlite_database, Filter()) == before
    assert capsys.readouterr().out == "seven.png keeps its reading: the folder digits is not here\n"


def test_retry_keeps_the_reading_of_a_file_that_can_t_be_looked_at(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    before = queries.results(sqlite_database, Filter())
    with closed(Path("digits")):
        retry(filled, [Path("seven.png")])
    assert queries.results(sqlite_database, Filter()) == before
    told = "seven.png keeps its reading: it can't be looked at here (Permission denied)\n"
    assert capsys.readouterr().out == told


def test_retry_knows_a_file_of_another_watched_folder(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    (row_id,) = intake.register(sqlite_database, "/data/inbox", [intake.SeenFile("a/b.png", 1, 1)])
    claims.claim(sqlite_database, [row_id], "message")
    claims.answer(sqlite_database, "message", [answer(row_id, None, None, Status.FAILED, "not an image")])
    with pytest.raises(CommandFailed):
        retry(settings, [tmp_path / "data/inbox/other/b.png"])
    retry(settings, [Path("/data/inbox/a/b.png")])
    assert _statuses(sqlite_database) == {"a/b.png": Status.QUEUED}


def test_retry_with_an_unknown_name_changes_nothing(filled: Settings, sqlite_database: Database) -> None:
    before = _statuses(sqlite_database)
    with pytest.raises(CommandFailed, match=r"no file no\\nsuch\.png"):
        retry(filled, [Path("notes.png"), Path("no\nsuch.png")])
    assert _statuses(sqlite_database) == before


def test_retry_enqueues_where_there_is_a_broker(filled: Settings, address: Address, capsys: Capture) -> None:
    retry(dataclasses.replace(filled, redis_url=address.url), None)
    client = Client(address)
    assert client.waiting() == 1
    client.close()
    assert "no broker" not in capsys.readouterr().out


def test_retry_with_a_broker_url_that_can_t_be_used_changes_nothing(
    filled: Settings, sqlite_database: Database
) -> None:
    before = _statuses(sqlite_database)
    with pytest.raises(BrokerUnavailable, match="it must begin with redis://"):
        retry(dataclasses.replace(filled, redis_url="unix:///run/redis.sock"), None)
    assert _statuses(sqlite_database) == before
