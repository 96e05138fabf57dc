"""What comes into the ledger: new files, changed files, the same files again, rows put back by hand."""

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from db import claims, intake, moves, queries
from db.claims import Answer, DigitRow
from db.engine import Database
from db.intake import LEASE_MS, SeenFile
from db.queries import Unregistered
from db.tables import Status, digits, images

ONE = SeenFile("7.png", size=100, mtime_ns=1_700_000_000_123_456_789)
CHANGED = SeenFile("7.png", size=100, mtime_ns=1_700_000_001_000_000_000)
GROWN = SeenFile("7.png", size=101, mtime_ns=1_700_000_000_123_456_789)


def picked(database: Database, folder: str, files: list[SeenFile]) -> list[SeenFile]:
    changed = {change.file for change in moves.changed(database, folder, files)}
    return [file for file in files if file in changed]


def seven(row_id: int) -> Answer:
    digit = DigitRow(7, 0.99, (1, 2, 3, 4), (0.001,) * 7 + (0.99,) + (0.001,) * 2)
    return Answer(
        row_id,
        Status.ACCEPTED,
        reading="7",
        confidence=0.99,
        model_version=1,
        hash="a",
        dark_on_light=True,
        digits=(digit,),
        written="-7",
    )


def read_as_seven(database: Database, row_id: int) -> None:
    claims.claim(database, [row_id], "reader")
    assert claims.answer(database, "reader", [seven(row_id)]) == 1


def test_a_new_file_becomes_a_queued_row(database: Database) -> None:
    before = time.time_ns() // 1_000_000
    (row_id,) = intake.register(database, "digits", [ONE])
    with database.reading() as connection:
        row = connection.execute(select(images)).one()
    assert (row.id, row.folder, row.path, row.size, row.mtime_ns) == (row_id, "digits", "7.png", 100, ONE.mtime_ns)
    assert (row.status, row.attempts, row.claim, row.reading, row.recognized_ms) == ("queued", 0, None, None, None)
    assert before <= row.first_seen_ms <= time.time_ns() // 1_000_000


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    (row_id,) = intake.register(database, "digits", [ONE])
    read_as_seven(database, row_id)
    assert intake.register(database, "digits", [ONE]) == []
    assert [result.status for result in queries.results(database, queries.Filter())] == [Status.ACCEPTED]


@pytest.mark.parametrize("later", [CHANGED, GROWN, SeenFile("7.png", 100, 1_600_000_000_000_000_000)])
def test_a_file_with_other_content_is_queued_again_under_its_old_row(database: Database, later: SeenFile) -> None:
    (row_id,) = intake.register(database, "digits", [ONE])
    read_as_seven(database, row_id)
    assert intake.register(database, "digits", [later]) == [row_id]
    (result,) = queries.results(database, queries.Filter())
    assert (result.status, result.reading, result.confidence, result.model_version) == (Status.QUEUED, None, None, None)
    assert (result.written, result.recognized_ms) == (None, None)
    with database.reading() as connection:
        row = connection.execute(select(images)).one()
    assert (row.size, row.mtime_ns, row.attempts) == (later.size, later.mtime_ns, 0)


def test_the_same_path_in_two_folders_is_two_files(database: Database) -> None:
    first = intake.register(database, "digits", [ONE])
    second = intake.register(database, "scans", [ONE])
    assert len(set(first + second)) == 2


def test_a_path_named_twice_in_one_batch_is_one_row_with_its_last_state(database: Database) -> None:
    (row_id,) = intake.register(database, "digits", [ONE, CHANGED])
    assert picked(database, "digits", [CHANGED]) == []
    assert intake.owed(database).fresh == [row_id]


def test_a_list_may_be_longer_than_a_database_takes_values(database: Database) -> None:
    files = [SeenFile(f"{number}.png", number, number) for number in range(70_000)]  # PostgreSQL takes 65,535
    assert len(picked(database, "digits", files)) == len(files)
    ids = intake.register(database, "digits", files[:2000])
    assert len(set(ids)) == 2000
    assert picked(database, "digits", files) == files[2000:]
    assert sorted(intake.requeue(database, [*ids, *range(-70_000, 0)])) == ids


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE images; --", "a\nb", "%(path)s :path ?", r"\xff", "\N{GRINNING FACE}", " "]
)
def test_a_strange_name_is_only_a_name(database: Database, name: str) -> None:
    intake.register(database, name, [SeenFile(name, 1, 1)])
    assert [(result.folder, result.path) for result in queries.find(database, name)] == [(name, name)]


def test_a_path_as_long_as_a_system_takes_is_a_row_of_its_own(database: Database) -> None:
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=4096)  # noqa: S311 - no secret
    files = [SeenFile("".join(letters) + end, 1, 1) for end in "ab"]
    folder = "/" + "".join(letters)
    ids = intake.register(database, folder, files)
    assert len(ids) == 2
    assert picked(database, folder, files) == []
    assert intake.register(database, folder, [SeenFile(files[0].path, 2, 2)]) == ids[:1]
    assert [result.id for result in queries.find(database, files[1].path, folder)] == ids[1:]


def test_names_that_differ_in_a_backslash_alone_are_files_of_their_own(database: Database) -> None:
    names = ["a", "\\a", "\\\\a", "\\141", "a\\", "\\"]
    assert len(intake.register(database, "d", [SeenFile(name, 1, 1) for name in names])) == len(names)


def test_the_count_of_files_that_were_not_registered_is_the_last_one_noted(database: Database) -> None:
    assert queries.not_registered(database) == Unregistered(0, None)
    intake.note_unregistered(database, "\u65e5", 3, "no such letter: \u65e5")
    intake.note_unregistered(database, "d" * 4096, 2, "another reason")
    assert queries.not_registered(database) == Unregistered(5, "another reason")
    assert queries.not_registered(database, "\u65e5") == Unregistered(3, r"no such letter: \u65e5")
    assert queries.not_registered(database, "elsewhere") == Unregistered(0, None)
    intake.note_unregistered(database, "d" * 4096, 0, "")
    assert queries.not_registered(database) == Unregistered(3, r"no such letter: \u65e5")


def test_large_numbers_are_kept(database: Database) -> None:
    files = [SeenFile("huge", 2**62, 2**63 - 1, 2**63 - 1, 2**64 - 1, 2**64 - 1), SeenFile("old", 0, -1, -1)]
    intake.register(database, "digits", files)
    assert picked(database, "digits", files) == []
    assert [row.id for row in moves.alike(database, "digits", files[:1])] == [1]


@given(st.integers(-(2**63), 2**63) | st.integers(-(2**93), 2**93))
def test_any_time_of_a_file_is_kept_so_that_its_change_shows(mtime_ns: int) -> None:
    seen = SeenFile("a", 1, mtime_ns)
    assert -(2**63) <= seen.mtime_ns < 2**63
    assert SeenFile("a", 1, seen.mtime_ns) == seen
    assert SeenFile("a", 1, mtime_ns + 1) != seen
    assert SeenFile("a", 1, 1, mtime_ns, mtime_ns, mtime_ns).inode == seen.mtime_ns


def test_times_beyond_what_a_database_counts_are_kept(database: Database) -> None:
    files = [SeenFile(str(year), 1, (year - 1970) * 31_556_952 * 10**9 + 1) for year in (1500, 2263, 2446, 300_000)]
    intake.register(database, "digits", files)
    assert picked(database, "digits", files) == []


def test_a_time_that_an_earlier_version_stored_inexactly_is_mended_by_the_next_scan(sqlite_database: Database) -> None:
    seen = SeenFile("a", 1, 10_413_792_000_123_456_789)
    ids = intake.register(sqlite_database, "digits", [seen])
    with sqlite_database.writing() as connection:
        connection.execute(text("UPDATE images SET mtime_ns = 10413792000123456789"))  # SQLite makes it a float
    assert picked(sqlite_database, "digits", [seen]) == [seen]
    assert intake.register(sqlite_database, "digits", [seen]) == ids
    assert picked(sqlite_database, "digits", [seen]) == []


def test_registering_nothing_is_fine(database: Database) -> None:
    assert intake.register(database, "digits", []) == []
    assert picked(database, "digits", []) == []


def test_only_new_and_changed_files_are_picked(database: Database) -> None:
    known = SeenFile("known", 1, 1)
    intake.register(database, "digits", [ONE, known])
    new = SeenFile("new", 1, 1)
    assert picked(database, "digits", [known, CHANGED, new]) == [CHANGED, new]
    assert picked(database, "elsewhere", [known]) == [known]


def test_fresh_and_tried_rows_are_owed_apart(database: Database) -> None:
    fresh, tried, claimed, done = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abcd"])
    claims.claim(database, [tried], "a worker that died")
    with database.writing() as connection:
        connection.execute(
            update(images).values(claimed_ms=time.time_ns() // 1_000_000 - LEASE_MS - 1000).where(images.c.id == tried)
        )
    claims.claim(database, [claimed], "a worker that lives")
    read_as_seven(database, done)
    owed = intake.owed(database)
    assert (owed.fresh, owed.tried) == ([fresh], [tried])
    intake.register(database, "elsewhere", [ONE])
    assert intake.queued(database, "d") == 3


def test_an_answered_ledger_owes_nothing(database: Database) -> None:
    (row_id,) = intake.register(database, "digits", [ONE])
    read_as_seven(database, row_id)
    owed = intake.owed(database)
    assert (owed.fresh, owed.tried, intake.queued(database, "digits")) == ([], [], 0)


def set_times(database: Database, row_id: int, **times: int) -> None:
    with database.writing() as connection:
        connection.execute(update(images).values(times).where(images.c.id == row_id))


def test_a_row_is_overtaken_when_a_later_one_has_its_answer(database: Database) -> None:
    lost, answered, new = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abc"])
    set_times(database, lost, first_seen_ms=time.time_ns() // 1_000_000 - 10 * LEASE_MS)
    assert intake.overtaken(database, "d").fresh == []
    read_as_seven(database, answered)
    assert intake.overtaken(database, "d").fresh == [lost]
    assert new in intake.owed(database, "d").fresh


def test_no_row_is_overtaken_by_one_that_was_answered_before_the_clock_was_set_back(database: Database) -> None:
    hour, now = 3_600_000, time.time_ns() // 1_000_000
    before, lately, waiting = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abc"])
    read_as_seven(database, before)
    read_as_seven(database, lately)
    set_times(database, before, first_seen_ms=now + hour, recognized_ms=now + hour)
    assert intake.overtaken(database, "d").fresh == []
    set_times(database, waiting, first_seen_ms=now - 2 * LEASE_MS)
    assert intake.overtaken(database, "d").fresh == [waiting]  # lately was enqueued after it


def test_the_latest_answers_are_those_with_the_highest_numbers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LATEST_ANSWERS", 1)
    first, second, waiting = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abc"])
    read_as_seven(database, first)
    read_as_seven(database, second)
    now = time.time_ns() // 1_000_000
    set_times(database, first, first_seen_ms=now - 100 * LEASE_MS, recognized_ms=now + 3_600_000)
    set_times(database, waiting, first_seen_ms=now - 50 * LEASE_MS)
    assert intake.overtaken(database, "d").fresh == [waiting]


def fail(database: Database, row_id: int) -> None:
    claims.claim(database, [row_id], "reader")
    claims.answer(database, "reader", [Answer(row_id, Status.FAILED, reason="the file is empty")])


def test_requeue_puts_all_failed_rows_of_a_folder_back_and_no_other(database: Database) -> None:
    first, second, good, waiting = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abcd"])
    (elsewhere,) = intake.register(database, "e", [ONE])
    for row_id in (first, second, elsewhere):
        fail(database, row_id)
    assert queries.failed_by_folder(database) == {"d": 2, "e": 1}
    read_as_seven(database, good)
    assert sorted(intake.requeue_failed(database, ["d"])) == [first, second]
    found = {result.id: (result.status, result.reason) for result in queries.results(database, queries.Filter())}
    assert found[first] == found[second] == found[waiting] == (Status.QUEUED, None)
    assert found[good] == (Status.ACCEPTED, None)
    assert found[elsewhere] == (Status.FAILED, "the file is empty")


def test_requeue_of_given_rows_takes_good_ones_too_and_ignores_unknown_ones(database: Database) -> None:
    good, failed = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "ab"])
    read_as_seven(database, good)
    fail(database, failed)
    assert [result.written for result in queries.find(database, "a")] == ["-7"]
    assert intake.requeue(database, [good, 999_999]) == [good]
    assert [result.written for result in queries.find(database, "a")] == [None]
    assert intake.owed(database).fresh == [good]


def test_a_row_that_crashed_its_readers_starts_from_nothing_when_it_is_put_back(database: Database) -> None:
    (row_id,) = intake.register(database, "d", [ONE])
    with database.writing() as connection:
        connection.execute(update(images).values(attempts=claims.MAX_ATTEMPTS + 2, crashes=2))
    claims.claim(database, [row_id], "reader")
    assert queries.balance(database).by_status[Status.FAILED] == 1
    assert intake.requeue_failed(database, ["d"]) == [row_id]
    assert intake.owed(database).fresh == [row_id]
    with database.reading() as connection:
        assert connection.execute(select(images.c.attempts, images.c.crashes)).one() == (0, 0)


def change(database: Database, row_id: int) -> None:
    assert intake.register(database, "d", [CHANGED]) == [row_id]


def put_back(database: Database, row_id: int) -> None:
    assert intake.requeue(database, [row_id]) == [row_id]


def fail_and_put_all_back(database: Database, row_id: int) -> None:
    change(database, row_id)
    fail(database, row_id)
    assert intake.requeue_failed(database, ["d"]) == [row_id]


@pytest.mark.parametrize("begin_anew", [change, put_back, fail_and_put_all_back])
def test_nothing_of_its_last_answer_is_left_in_a_row_that_is_queued_again(
    database: Database, begin_anew: Callable[[Database, int], None]
) -> None:
    row_id, other = intake.register(database, "d", [ONE, SeenFile("other.png", 1, 1)])
    read_as_seven(database, row_id)
    read_as_seven(database, other)
    begin_anew(database, row_id)
    assert list(queries.digits_of(database, [row_id, other])) == [other]
    with database.reading() as connection:
        row = connection.execute(select(images).where(images.c.id == row_id)).one()
        left = connection.execute(select(digits.c.image_id)).scalars().all()
    assert (row.status, row.hash, row.dark_on_light, row.reading, row.confidence) == ("queued", None, None, None, None)
    assert left == [other]


def test_a_row_that_is_failed_unread_has_no_digits(database: Database) -> None:
    (row_id,) = intake.register(database, "d", [ONE])
    read_as_seven(database, row_id)
    intake.requeue(database, [row_id])
    with database.writing() as connection:
        connection.execute(update(images).values(attempts=claims.MAX_ATTEMPTS))
    claims.claim(database, [row_id], "one too many")
    assert queries.balance(database).by_status[Status.FAILED] == 1
    assert queries.digits_of(database, [row_id]) == {}


def test_a_changed_files_new_answer_replaces_the_digits_of_the_old_one(database: Database) -> None:
    (row_id,) = intake.register(database, "d", [ONE])
    read_as_seven(database, row_id)
    intake.register(database, "d", [CHANGED])
    claims.claim(database, [row_id], "reader")
    claims.answer(database, "reader", [Answer(row_id, Status.REJECTED, reason="no digit found")])
    with database.reading() as connection:
        assert connection.execute(select(digits)).all() == []
