"""Which files a scan takes for touched, by their times and by what the ledger has of them."""

import hashlib
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from db import claims, intake, moves
from db.claims import Answer
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from db.tables import Status, images
from recognizer.image import VANISHED
from watcher.folder import FileState
from watcher.touches import Touches

SECOND = 10**9
DATA = b"some bytes"


@pytest.fixture
def touches(database: Database, tmp_path: Path) -> Touches:
    (tmp_path / "7.png").write_bytes(DATA)
    return Touches(os.fsencode(tmp_path), "digits", database)


def failed(database: Database, name: str = "7.png", mtime_ns: int = 1) -> int:
    return answered(database, Answer(0, Status.FAILED, reason="permission denied"), name, mtime_ns)


def answered(database: Database, answer: Answer, name: str = "7.png", mtime_ns: int = 1) -> int:
    (row_id,) = intake.register(database, "digits", [SeenFile(name, len(DATA), mtime_ns)])
    claims.claim(database, [row_id], "reader")
    claims.answer(database, "reader", [Answer(row_id, answer.status, reason=answer.reason, hash=answer.hash)])
    return row_id


def state(ctime_ns: int, name: str = "7.png", mtime_ns: int = 1) -> FileState:
    return FileState(name.encode(), len(DATA), mtime_ns, ctime_ns)


def scan(touches: Touches, *states: FileState) -> list[int]:
    touches.begin_scan()
    again = touches.queue_again(states)
    touches.end_scan()
    return again


def test_a_touch_is_noticed_by_the_scan_after_those_that_broke_off(
    database: Database, touches: Touches, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = failed(database)
    touched = state(time.time_ns())

    def away(*_: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(moves, "at_paths", away)
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                scan(touches, touched)
    assert scan(touches, touched) == [row_id]


@pytest.mark.parametrize("mtime_ns", [2**62, 2**63 + 5, -(2**64)])
def test_a_file_with_a_time_far_from_now_is_touched_like_any_other(
    database: Database, touches: Touches, mtime_ns: int
) -> None:
    row_id = failed(database, mtime_ns=mtime_ns)
    assert scan(touches, state(time.time_ns(), mtime_ns=mtime_ns)) == [row_id]


def test_a_file_that_was_only_written_is_not_touched(database: Database, touches: Touches) -> None:
    now = time.time_ns()
    failed(database, mtime_ns=now)
    assert scan(touches, state(now, mtime_ns=now)) == []


def test_a_time_ahead_of_now_hides_no_touch_of_other_files(database: Database, touches: Touches) -> None:
    ahead = state(time.time_ns() + 3600 * SECOND, "ahead.png")
    for _ in range(3):
        scan(touches, ahead)
    row_id = failed(database)
    assert scan(touches, ahead, state(time.time_ns())) == [row_id]


def test_a_failed_file_whose_touch_is_ahead_of_now_is_read_again_once(database: Database, touches: Touches) -> None:
    touched = state(time.time_ns() + 3600 * SECOND)
    row_id = failed(database)
    assert scan(touches, touched) == [row_id]
    claims.claim(database, [row_id], "reader")
    claims.answer(database, "reader", [Answer(row_id, Status.FAILED, reason="permission denied")])
    assert [scan(touches, touched) for _ in range(3)] == [[], [], []]


def test_a_failed_file_is_touched_also_by_a_clock_a_moment_behind(database: Database, touches: Touches) -> None:
    row_id = failed(database)
    assert scan(touches, state(time.time_ns() - SECOND // 2)) == [row_id]


def test_a_failed_file_that_was_not_touched_since_stays_failed(database: Database, touches: Touches) -> None:
    failed(database)
    assert scan(touches, state(time.time_ns() - 60 * SECOND)) == []


@pytest.mark.parametrize(("known", "again"), [(DATA, False), (b"other byte", True)])
def test_a_touched_file_is_read_again_if_it_has_other_content(
    database: Database, touches: Touches, known: bytes, *, again: bool
) -> None:
    row_id = answered(database, Answer(0, Status.ACCEPTED, hash=hashlib.sha256(known).hexdigest()))
    assert scan(touches, state(time.time_ns())) == ([row_id] if again else [])


def test_a_file_that_had_vanished_and_is_back_is_read_again_though_nobody_touched_it(
    database: Database, touches: Touches
) -> None:
    old, other = state(3), state(3, "other.png")
    for _ in range(3):
        scan(touches, old, other)
    row_id = answered(database, Answer(0, Status.FAILED, reason=VANISHED))
    assert scan(touches, old, other) == []  # its worker may not see it yet
    with database.writing() as connection:
        connection.execute(update(images).values(recognized_ms=images.c.recognized_ms - 60_000))
    assert scan(touches, other) == []
    assert scan(touches, old, other) == [row_id]
    assert scan(touches, old, other) == []


def test_a_row_of_a_vanished_file_is_known_by_the_readers_reason() -> None:
    assert moves.VANISHED == VANISHED
