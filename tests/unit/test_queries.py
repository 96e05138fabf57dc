"""The questions people ask the ledger get complete and ordered answers."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text, update

from db import claims, intake, queries
from db.claims import Answer, DigitRow
from db.engine import Database
from db.intake import SeenFile
from db.queries import Filter, Sort
from db.tables import Status, images

ANSWERS = {
    "a.png": Answer(0, Status.ACCEPTED, reading="0472", confidence=0.97, model_version=1),
    "b.png": Answer(0, Status.ACCEPTED, reading="7", confidence=0.99, model_version=2),
    "c.png": Answer(0, Status.REVIEW, reason="not sure: 4 or 9", reading="4", confidence=0.55, model_version=2),
    "d.png": Answer(0, Status.REJECTED, reason="no digit found", model_version=2),
    "e.png": Answer(0, Status.FAILED, reason="the file is empty"),
}


@pytest.fixture
def read(database: Database) -> Database:
    """Give a ledger with one file of each outcome, a second apart, and one that waits."""
    names = [*ANSWERS, "f.png"]
    rows = dict(
        zip(names, sorted(intake.register(database, "d", [SeenFile(name, 1, 1) for name in names])), strict=True)
    )
    claims.claim(database, list(rows.values()), "mine")
    with database.reading() as connection:
        found = connection.execute(text("SELECT id, path FROM images ORDER BY path")).all()
    for row_id, path in found:
        if path in ANSWERS:
            given = ANSWERS[path]
            digits = tuple(DigitRow(int(label), 0.9, (0, 0, 1, 1), (0.1,) * 10) for label in given.reading or "")
            claims.answer(database, "mine", [Answer(**{**vars(given), "id": row_id, "digits": digits})])
    with database.writing() as connection:
        for number, path in enumerate(ANSWERS):
            connection.execute(update(images).where(images.c.path == path).values(recognized_ms=1000 * (number + 1)))
    return database


def paths(database: Database, wanted: Filter) -> list[str]:
    return [result.path for result in queries.results(database, wanted)]


def test_the_latest_answer_comes_first_and_what_waits_comes_last(read: Database) -> None:
    assert paths(read, Filter()) == ["e.png", "d.png", "c.png", "b.png", "a.png", "f.png"]


def test_answers_of_the_same_moment_have_one_order(read: Database) -> None:
    with read.writing() as connection:
        connection.execute(update(images).values(recognized_ms=1000))
    assert paths(read, Filter()) == ["f.png", "e.png", "d.png", "c.png", "b.png", "a.png"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(digit=7), ["b.png", "a.png"]),
        (Filter(digit=4), ["c.png", "a.png"]),
        (Filter(digit=0), ["a.png"]),
        (Filter(digit=1), []),
        (Filter(statuses=(Status.REVIEW,)), ["c.png"]),
        (Filter(statuses=(Status.QUEUED,)), ["f.png"]),
        (Filter(statuses=(Status.FAILED,)), ["e.png"]),
        (Filter(statuses=(Status.REVIEW, Status.FAILED)), ["e.png", "c.png"]),
        (Filter(min_confidence=0.97), ["b.png", "a.png"]),
        (Filter(max_confidence=0.97), ["c.png", "a.png"]),
        (Filter(reading="0472"), ["a.png"]),
        (Filter(reading="472"), []),
        (Filter(path="[!a-c].p?g"), ["e.png", "d.png", "f.png"]),
        (Filter(path="[^a-c]*"), ["e.png", "d.png", "f.png"]),
        (Filter(path="*.PNG"), []),
        (Filter(path="A.png"), []),
        (Filter(path="png"), []),
        (Filter(path="[z-a].png"), []),
        (Filter(min_confidence=0.0), ["c.png", "b.png", "a.png"]),
        (Filter(min_confidence=1.0), []),
        (Filter(since_ms=3000), ["e.png", "d.png", "c.png"]),
        (Filter(since_ms=5001), []),
        (Filter(limit=2), ["e.png", "d.png"]),
        (Filter(digit=4, statuses=(Status.ACCEPTED,), min_confidence=0.9, since_ms=1, limit=9), ["a.png"]),
        (Filter(digit=4, limit=1), ["c.png"]),
    ],
)
def test_a_filter_gives_exactly_what_matches(read: Database, wanted: Filter, expected: list[str]) -> None:
    assert paths(read, wanted) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort.OLDEST, ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"]),
        (Sort.PATH, ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"]),
        (Sort.CONFIDENCE, ["c.png", "a.png", "b.png"]),
    ],
)
def test_results_come_in_the_order_that_is_asked_for(read: Database, sort: Sort, expected: list[str]) -> None:
    assert paths(read, Filter(sort=sort))[: len(expected)] == expected


def test_a_row_after_another_one_has_a_larger_id(read: Database) -> None:
    ids = [result.id for result in queries.results(read, Filter(sort=Sort.ID))]
    assert ids == sorted(ids)
    assert [result.id for result in queries.results(read, Filter(after=ids[3], sort=Sort.ID))] == ids[4:]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("scans/*.png", ["scans/2026/b.png", "scans/a.png"]),
        ("*%*", ["100%.png"]),
        ("a+b.png", ["a+b.png"]),
        ("*[[]*", ["x[1].png"]),
        ("*\\*", ["back\\slash.png"]),
        ("?", []),
    ],
)
def test_a_pattern_means_the_same_on_every_database(database: Database, pattern: str, matching: list[str]) -> None:
    names = ["scans/a.png", "scans/2026/b.png", "100%.png", "a+b.png", "aab.png", "x[1].png", "back\\slash.png"]
    intake.register(database, "d", [SeenFile(name, 1, 1) for name in names])
    assert sorted(paths(database, Filter(path=pattern))) == sorted(matching)


def test_a_number_is_found_as_it_is_written(database: Database) -> None:
    (row_id,) = intake.register(database, "d", [SeenFile("price.png", 1, 1)])
    claims.claim(database, [row_id], "m")
    claims.answer(database, "m", [Answer(row_id, Status.ACCEPTED, reading="125", written="12.5")])
    assert paths(database, Filter(reading="12.5")) == paths(database, Filter(reading="125")) == ["price.png"]


def plan(database: Database, ask: Callable[[Database], object]) -> str:
    """Ask the ledger a question; give how the database finds the answer where it can't read through all rows."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
        asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    ask(database)
    event.remove(database.engine, "before_cursor_execute", note)
    statement, parameters = asked[-1]
    with database.reading() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "\n".join(row.detail for row in rows)
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        return "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(limit=20), "ix_images_recognized"),
        (Filter(limit=20, digit=7), "ix_images_recognized"),
        (Filter(limit=20, min_confidence=0.9), "ix_images_recognized"),
        (Filter(limit=20, since_ms=1), "ix_images_recognized"),
        (Filter(limit=20, statuses=(Status.REVIEW,)), "ix_images_status"),
        (Filter(limit=20, statuses=(Status.ACCEPTED,), digit=7, min_confidence=0.9, since_ms=1), "ix_images_status"),
    ],
)
def test_the_latest_answers_are_found_without_sorting(database: Database, wanted: Filter, index: str) -> None:
    found = plan(database, lambda database: queries.results(database, wanted))
    assert index in found
    assert "Sort" not in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (queries.balance, "ix_images_status"),
        (queries.oldest_queued_ms, "ix_images_queued"),
        (queries.latest_answer_ms, "ix_images_recognized"),
        (intake.owed, "ix_images_queued"),
        (intake.mend_times, "ix_images_queued"),
        (queries.last_answer, "ix_images_answer"),
        (lambda database: queries.answered_after(database, 1), "ix_images_answer"),
        (lambda database: intake.queued(database, "d"), "ix_images_queued"),
    ],
)
def test_what_status_tells_comes_from_an_index(
    database: Database, ask: Callable[[Database], object], index: str
) -> None:
    assert index in plan(database, ask)


def test_a_leading_zero_is_kept(read: Database) -> None:
    assert queries.find(read, "a.png")[0].reading == "0472"
    with read.reading() as connection:
        assert connection.execute(text("SELECT reading FROM results WHERE path = 'a.png'")).scalar_one() == "0472"


def test_a_result_carries_all_that_is_known(read: Database) -> None:
    (result,) = queries.find(read, "c.png")
    assert (result.folder, result.path, result.status) == ("d", "c.png", Status.REVIEW)
    assert (result.reading, result.confidence, result.reason) == ("4", 0.55, "not sure: 4 or 9")
    assert (result.model_version, result.recognized_ms) == (2, 3000)


def test_a_path_is_found_in_every_folder_or_in_the_named_one(read: Database) -> None:
    intake.register(read, "other", [SeenFile("a.png", 1, 1)])
    assert sorted(result.folder for result in queries.find(read, "a.png")) == ["d", "other"]
    assert [result.folder for result in queries.find(read, "a.png", "other")] == ["other"]
    assert queries.find(read, "a.png", "nowhere") == []


def test_a_folder_of_which_a_file_was_seen_is_known(read: Database) -> None:
    assert queries.has_folder(read, "d")
    assert not queries.has_folder(read, "other")


def test_a_folders_first_files_come_by_path_and_are_counted(read: Database) -> None:
    intake.register(read, "other", [SeenFile("0.png", 1, 1)])
    files, total = queries.in_folder(read, "d", limit=10)
    assert ([result.path for result in files], total) == ([*ANSWERS, "f.png"], 6)
    files, total = queries.in_folder(read, "d", limit=2, after=queries.find(read, "a.png")[0].answer)
    assert ([result.path for result in files], total) == (["b.png", "c.png"], 4)


def test_the_answers_after_an_answer_come_in_the_order_they_were_given(read: Database) -> None:
    first = queries.find(read, "a.png")[0].answer or 0
    assert first > 0
    assert [result.path for result in queries.answered_after(read, first)] == ["b.png", "c.png", "d.png", "e.png"]
    assert [result.path for result in queries.answered_after(read, first + 2, [first])] == ["a.png", "d.png", "e.png"]
    assert queries.answered_after(read, queries.last_answer(read)) == []


def test_a_row_that_waits_again_is_no_answer_and_its_next_one_has_a_new_number(read: Database) -> None:
    last = queries.last_answer(read)
    (result,) = queries.find(read, "e.png")
    intake.requeue(read, [result.id])
    assert queries.answered_after(read, last - 1) == []
    claims.claim(read, [result.id], "again")
    claims.answer(read, "again", [Answer(result.id, Status.REJECTED)])
    assert [result.path for result in queries.answered_after(read, last)] == ["e.png"]


def test_the_balance_counts_every_status(read: Database) -> None:
    balance = queries.balance(read)
    assert balance.by_status == {"queued": 1, "accepted": 2, "review": 1, "rejected": 1, "failed": 1}
    assert (balance.seen, balance.waiting, balance.closes) == (6, 1, True)


def test_an_empty_ledger_has_an_empty_balance(database: Database) -> None:
    balance = queries.balance(database)
    assert (balance.seen, balance.closes, sum(balance.by_status.values())) == (0, True, 0)
    assert queries.oldest_queued_ms(database) is None


def test_a_balance_that_does_not_add_up_does_not_close() -> None:
    assert not queries.Balance(seen=2, by_status={Status.QUEUED: 1}, waiting=1).closes


def test_the_file_that_has_waited_longest_is_known(read: Database) -> None:
    with read.writing() as connection:
        connection.execute(update(images).where(images.c.path == "a.png").values(first_seen_ms=1))
        connection.execute(update(images).where(images.c.path == "f.png").values(first_seen_ms=2))
    assert queries.oldest_queued_ms(read) == 2


def test_digits_come_in_reading_order_with_their_probabilities(read: Database) -> None:
    (result,) = queries.find(read, "a.png")
    stored = queries.digits_of(read, [result.id])[result.id]
    assert [digit.label for digit in stored] == [0, 4, 7, 2]
    assert [digit.position for digit in stored] == [0, 1, 2, 3]
    assert len(stored[0].probabilities) == 10


def test_digits_of_nothing_are_nothing(read: Database) -> None:
    assert queries.digits_of(read, []) == {}


def test_row_that_waits_again_is_not_found_by_the_digits_it_had(database: Database) -> None:
    (row_id,) = intake.register(database, "d", [SeenFile("a", 1, 1)])
    claims.claim(database, [row_id], "m")
    seven = DigitRow(7, 0.9, (0, 0, 1, 1), (0.1,) * 10)
    claims.answer(database, "m", [Answer(row_id, Status.ACCEPTED, reading="7", digits=(seven,))])
    assert [found.path for found in queries.results(database, Filter(digit=7))] == ["a"]

    intake.register(database, "d", [SeenFile("a", 2, 2)])

    assert queries.results(database, Filter(digit=7)) == []
