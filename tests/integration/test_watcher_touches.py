"""Files that change after they were read: which are read again, and which are not."""

from pathlib import Path

import pytest

from db import claims, intake
from db.claims import Answer
from db.tables import Status
from tests.integration.watched import SOON, Eventually, Watched, aged, read

# watchdog 7 warns when a directory's watch was set a moment earlier by the scan of its parent; nothing is lost by it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id .* already exists:RuntimeWarning")


def test_an_overwritten_file_is_queued_again(started: Watched, eventually: Eventually) -> None:
    (row_id,) = (result.id for result in started.rows().values())
    claims.claim(started.database, [row_id], "reader")
    claims.answer(started.database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7")])
    started.drop("first.png", b"other bytes, and more of them")
    eventually(lambda: started.rows()["first.png"].status == Status.QUEUED, SOON)
    assert started.rows()["first.png"].reading is None
    assert intake.owed(started.database).fresh == [row_id]


def test_a_file_that_is_only_looked_at_is_not_queued_again(watched: Watched) -> None:
    watched.start(rescan=0.01)
    (row_id,) = (result.id for result in watched.rows().values())
    claims.claim(watched.database, [row_id], "reader")
    claims.answer(watched.database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7")])
    (watched.folder / "first.png").read_bytes()
    with (watched.folder / "first.png").open("ab"):
        pass  # opened for writing and closed without a change
    (watched.folder / "first.png").chmod(0o600)
    watched.pass_by("neighbour.png")
    assert watched.rows()["first.png"].status == Status.ACCEPTED


def test_new_content_of_the_same_size_and_time_is_read_again(watched: Watched, eventually: Eventually) -> None:
    watched.start(rescan=0.05)
    read(watched, "first.png")
    with (watched.folder / "first.png").open("r+b") as file:
        file.write(b"other byte")
        file.flush()
        aged(watched.folder / "first.png")  # before it is closed: nobody sees another time
    eventually(lambda: watched.rows()["first.png"].status == Status.QUEUED, SOON)


def test_a_file_that_took_anothers_place_with_its_size_and_time_is_read_again_at_once(
    watched: Watched, eventually: Eventually, tmp_path: Path
) -> None:
    (tmp_path / "other.png").write_bytes(b"other byte")
    aged(tmp_path / "other.png")
    watched.start()
    read(watched, "first.png")
    (tmp_path / "other.png").rename(watched.folder / "first.png")
    eventually(lambda: watched.rows()["first.png"].status == Status.QUEUED, SOON)


def test_a_file_that_failed_is_read_again_when_its_rights_change(watched: Watched, eventually: Eventually) -> None:
    watched.start(rescan=0.05)
    (row_id,) = (row.id for row in watched.rows().values())
    claims.claim(watched.database, [row_id], "reader")
    claims.answer(watched.database, "reader", [Answer(row_id, Status.FAILED, reason="permission denied")])
    watched.pass_by("second.png")
    watched.pass_by("third.png")
    assert watched.rows()["first.png"].status == Status.FAILED
    (watched.folder / "first.png").chmod(0o600)
    eventually(lambda: watched.rows()["first.png"].status == Status.QUEUED, SOON)


def test_a_file_that_was_touched_while_nobody_watched_is_hashed_and_keeps_its_reading(watched: Watched) -> None:
    watched.start(rescan=0.05)
    before = read(watched, "first.png")
    watched.stop()
    (watched.folder / "first.png").chmod(0o600)
    watched.restart()
    watched.pass_by("second.png")
    assert watched.rows()["first.png"] == before
    watched.stop()
    aged(watched.drop("first.png", b"other byte"))
    watched.restart()
    watched.pass_by("third.png")
    assert watched.rows()["first.png"].status == Status.QUEUED


def test_a_deleted_file_keeps_its_row(started: Watched) -> None:
    (started.folder / "first.png").unlink()
    started.pass_by("neighbour.png")
    assert started.rows().keys() == {"first.png", "neighbour.png"}
