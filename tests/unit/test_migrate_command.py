"""`digits migrate` waits for a database that is not up yet, as long as it was told to."""

import re
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.main import main
from cli.migrate import migrate
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import require_migrated
from tests.place import Place


def test_a_database_that_comes_up_later_is_migrated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "var"
    folder.write_text("in the way", encoding="utf-8")

    def clear_the_way() -> None:
        while "waiting" not in capsys.readouterr().err:
            time.sleep(0.01)
        folder.unlink()

    thread = threading.Thread(target=clear_the_way)
    thread.start()
    migrate(f"sqlite:///{folder}/results.db", wait=60)
    thread.join()
    database = Database(f"sqlite:///{folder}/results.db")
    require_migrated(database)
    database.close()


def test_without_being_told_to_wait_it_says_at_once_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way", encoding="utf-8")
    with pytest.raises(DatabaseUnavailable, match="can't be made"):
        migrate(f"sqlite:///{tmp_path}/var/results.db", wait=0)


@pytest.fixture
def newer(sqlite_database: Database) -> str:
    """Give the URL of a ledger that a newer version has migrated."""
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    return sqlite_database.url.render_as_string(hide_password=False)


SENTENCE = r"digits: .* of version 9999, .*: upgrade Digit Inbox\n"


@pytest.mark.parametrize("command", ["status", "results", "retry", "migrate", "watch"])
def test_a_ledger_of_a_newer_version_is_one_sentence_for_every_command(
    newer: str, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digits").mkdir()
    monkeypatch.setenv("DIGITS_DATABASE_URL", newer)
    monkeypatch.setattr("sys.argv", ["digits", command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert re.fullmatch(SENTENCE, capsys.readouterr().err)


def test_a_run_on_a_ledger_of_a_newer_version_ends_with_the_same_sentence(newer: str, place: Place) -> None:
    ended = place.digits("run", "--once", DIGITS_DATABASE_URL=newer)
    assert ended.returncode == 1
    assert re.fullmatch(SENTENCE, ended.stderr)
