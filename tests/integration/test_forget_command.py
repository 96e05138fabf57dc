"""What `digits forget` takes out of the ledger."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from cli.errors import CommandFailed
from cli.forget import forget
from db import queries
from db.engine import Database
from db.tables import digits
from settings import Settings
from tests.closed import closed

Capture = pytest.CaptureFixture[str]


def paths(database: Database) -> set[str]:
    return {row.path for row in queries.results(database, queries.Filter())}


def test_rows_of_files_that_are_gone_are_taken_out_with_their_digits(
    filled: Settings, sqlite_database: Database, capsys: Capture
) -> None:
    Path("digits/another.png").touch()
    before = paths(sqlite_database)
    ids = [row.id for row in queries.find(sqlite_database, "phone.png")]
    forget(filled, [Path("phone.png"), Path("digits/seven.png"), Path("phone.png")])
    assert paths(sqlite_database) == before - {"phone.png", "seven.png"}
    assert capsys.readouterr().out == "2 files forgotten.\n"
    with sqlite_database.reading() as connection:
        left = select(func.count()).select_from(digits).where(digits.c.image_id.in_(ids))
        assert connection.execute(left).scalar_one() == 0


def test_a_file_that_is_there_is_refused_and_nothing_is_forgotten(filled: Settings, sqlite_database: Database) -> None:
    before = paths(sqlite_database)
    Path("digits/phone.png").symlink_to("nowhere")  # what is there need not be readable
    with pytest.raises(CommandFailed, match=r"phone\.png is still there"):
        forget(filled, [Path("seven.png"), Path("phone.png")])
    assert paths(sqlite_database) == before


def test_an_unknown_name_changes_nothing(filled: Settings, sqlite_database: Database) -> None:
    before = paths(sqlite_database)
    with pytest.raises(CommandFailed, match=r"no file no\\nsuch\.png"):
        forget(filled, [Path("seven.png"), Path("no\nsuch.png")])
    assert paths(sqlite_database) == before


def test_files_of_a_folder_that_is_out_of_reach_are_not_forgotten(filled: Settings, sqlite_database: Database) -> None:
    before = paths(sqlite_database)
    Path("digits").rmdir()
    with pytest.raises(CommandFailed, match=r"seven\.png may not be gone: the folder digits is not here"):
        forget(filled, [Path("seven.png")])
    assert paths(sqlite_database) == before


def test_files_of_an_empty_folder_are_not_forgotten_as_it_may_not_be_mounted(
    filled: Settings, sqlite_database: Database
) -> None:
    before = paths(sqlite_database)
    with pytest.raises(CommandFailed, match="the folder digits is empty"):
        forget(filled, [Path("seven.png")])
    assert paths(sqlite_database) == before


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (0o000, "it can't be looked at here (Permission denied)"),
        (0o644, "it can't be looked at here (Permission denied)"),
        (0o311, "the folder digits can't be listed here (Permission denied)"),
    ],
)
def test_files_of_a_folder_that_is_closed_to_this_user_are_not_forgotten(
    filled: Settings, sqlite_database: Database, mode: int, why: str
) -> None:
    Path("digits/another.png").touch()
    before = paths(sqlite_database)
    with closed(Path("digits"), mode), pytest.raises(CommandFailed) as caught:
        forget(filled, [Path("seven.png")])
    assert str(caught.value) == f"seven.png may not be gone: {why}"
    assert paths(sqlite_database) == before
