"""`digits migrate` waits for a database that is not up yet, as long as it was told to."""

import threading
import time
from pathlib import Path

import pytest

from cli.migrate import migrate
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import require_migrated


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
