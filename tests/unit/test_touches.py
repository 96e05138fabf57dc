"""Which files are read again that have the size and time of their row, by what else the ledger has of them."""

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from db import claims, intake, moves
from db.claims import Answer
from db.engine import Database
from db.intake import SeenFile
from db.tables import Status, images
from recognizer.image import VANISHED
from watcher.touches import Touches

DATA = b"some bytes"
#: As it was registered.
FILE = SeenFile("7.png", len(DATA), mtime_ns=1, ctime_ns=2, device=3, inode=4)
TOUCHED = dataclasses.replace(FILE, ctime_ns=3)
#: Such as the file that was at the other path before two directories swapped their names.
REPLACED = dataclasses.replace(FILE, inode=5)
#: Such as after a restart, or on another host.
MOUNTED_ANEW = dataclasses.replace(FILE, device=4)
READ = Answer(0, Status.ACCEPTED, hash=hashlib.sha256(DATA).hexdigest())
READ_OTHER = Answer(0, Status.ACCEPTED, hash=hashlib.sha256(b"other byte").hexdigest())
FAILED = Answer(0, Status.FAILED, reason="permission denied")


@pytest.fixture
def touches(database: Database, tmp_path: Path) -> Touches:
    (tmp_path / "7.png").write_bytes(DATA)
    return Touches(os.fsencode(tmp_path), database)


def answered(database: Database, answer: Answer, file: SeenFile = FILE) -> int:
    (row_id,) = intake.register(database, "digits", [file])
    return answered_again(database, answer, row_id)


def answered_again(database: Database, answer: Answer, row_id: int) -> int:
    claims.claim(database, [row_id], "reader")
    assert claims.answer(database, "reader", [dataclasses.replace(answer, id=row_id)]) == 1
    return row_id


def look(database: Database, touches: Touches, file: SeenFile) -> list[int]:
    """Look at a file as a scan does, and give what it queues again."""
    changes = moves.changed(database, "digits", [file])
    return touches.queue_again([change.touched for change in changes if change.touched])


@pytest.mark.parametrize("now", [TOUCHED, REPLACED])
def test_a_touched_or_replaced_file_with_the_same_content_is_hashed_once(
    database: Database, touches: Touches, now: SeenFile
) -> None:
    answered(database, READ)
    assert look(database, touches, now) == []
    assert moves.changed(database, "digits", [now]) == []


@pytest.mark.parametrize("now", [TOUCHED, REPLACED])
def test_a_touched_or_replaced_file_with_other_content_is_read_again(
    database: Database, touches: Touches, now: SeenFile
) -> None:
    row_id = answered(database, READ_OTHER)
    assert look(database, touches, now) == [row_id]
    answered_again(database, READ, row_id)
    assert moves.changed(database, "digits", [now]) == []


@pytest.mark.parametrize("now", [FILE, MOUNTED_ANEW, dataclasses.replace(MOUNTED_ANEW, inode=5)])
def test_another_device_number_changes_nothing(database: Database, now: SeenFile) -> None:
    answered(database, READ_OTHER)
    assert moves.changed(database, "digits", [now]) == []


@pytest.mark.parametrize("answer", [READ_OTHER, FAILED])
def test_a_row_of_an_earlier_version_gets_to_know_its_file_unread(
    database: Database, touches: Touches, answer: Answer
) -> None:
    answered(database, answer, SeenFile(FILE.path, FILE.size, FILE.mtime_ns))
    assert look(database, touches, FILE) == []
    assert moves.changed(database, "digits", [FILE]) == []


def test_a_failed_file_that_was_touched_is_read_again_once(database: Database, touches: Touches) -> None:
    row_id = answered(database, FAILED)
    assert look(database, touches, TOUCHED) == [row_id]
    answered_again(database, FAILED, row_id)
    assert look(database, touches, TOUCHED) == []


def test_a_failed_file_with_another_inode_stays_failed(database: Database, touches: Touches) -> None:
    answered(database, FAILED)
    assert look(database, touches, REPLACED) == []


def test_a_file_that_was_touched_while_it_was_read_is_compared_after_its_answer(
    database: Database, touches: Touches
) -> None:
    (row_id,) = intake.register(database, "digits", [FILE])
    claims.claim(database, [row_id], "reader")
    assert look(database, touches, TOUCHED) == []
    claims.answer(database, "reader", [dataclasses.replace(READ_OTHER, id=row_id)])
    assert look(database, touches, TOUCHED) == [row_id]


def test_a_touched_file_that_can_t_be_opened_is_looked_at_again(
    database: Database, touches: Touches, tmp_path: Path
) -> None:
    row_id = answered(database, READ_OTHER)
    (tmp_path / "7.png").rename(tmp_path / "away")
    assert look(database, touches, TOUCHED) == []
    (tmp_path / "away").rename(tmp_path / "7.png")
    assert look(database, touches, TOUCHED) == [row_id]


@pytest.mark.parametrize("mtime_ns", [2**62, 2**63 + 5, -(2**64)])
def test_a_file_with_a_time_far_from_now_is_touched_like_any_other(
    database: Database, touches: Touches, mtime_ns: int
) -> None:
    row_id = answered(database, FAILED, dataclasses.replace(FILE, mtime_ns=mtime_ns))
    assert look(database, touches, dataclasses.replace(TOUCHED, mtime_ns=mtime_ns)) == [row_id]


def test_a_file_that_had_vanished_and_is_back_is_read_again_though_nobody_touched_it(
    database: Database, touches: Touches
) -> None:
    row_id = answered(database, Answer(0, Status.FAILED, reason=VANISHED))
    assert look(database, touches, FILE) == []  # its worker may not see it yet
    with database.writing() as connection:
        connection.execute(update(images).values(recognized_ms=images.c.recognized_ms - 60_000))
    assert look(database, touches, FILE) == [row_id]
    assert look(database, touches, FILE) == []


def test_a_row_of_a_vanished_file_is_known_by_the_readers_reason() -> None:
    assert moves.VANISHED == VANISHED
