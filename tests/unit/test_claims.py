"""Rows are claimed and answered so that a crash at any moment loses nothing and repeats nothing."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select, update

from db import claims, intake, queries
from db.claims import CRASHED, MAX_ATTEMPTS, MAX_CRASHES, UNANSWERED, Answer, Claim, DigitRow
from db.engine import Database
from db.intake import LEASE_MS, SeenFile
from db.tables import Status, images

ROUND = (0.1,) * 10


def registered(database: Database, count: int) -> list[int]:
    return sorted(intake.register(database, "d", [SeenFile(f"{number}.png", 1, 1) for number in range(count)]))


def ids(claim: Claim) -> list[int]:
    return sorted(file.id for file in claim.files)


def accepted(row_id: int, reading: str = "7", written: str | None = None) -> Answer:
    rows = tuple(DigitRow(int(label), 0.9, (number, 2, 3, 4), ROUND) for number, label in enumerate(reading))
    return Answer(
        row_id, Status.ACCEPTED, reading=reading, confidence=0.9, model_version=1, hash="ab", dark_on_light=True,
        digits=rows, written=written or reading,
    )  # fmt: skip


def let_lease_run_out(database: Database, rows: Sequence[int]) -> None:
    with database.writing() as connection:
        connection.execute(
            update(images).where(images.c.id.in_(rows)).values(claimed_ms=time.time_ns() // 1_000_000 - LEASE_MS - 1000)
        )


def attempts(database: Database, row_id: int) -> int:
    return counted(database, row_id)[0]


def counted(database: Database, row_id: int) -> tuple[int, int]:
    """Give a row's attempts and crashes."""
    with database.reading() as connection:
        found = connection.execute(select(images.c.attempts, images.c.crashes).where(images.c.id == row_id)).one()
    return found.attempts, found.crashes


def status_of(database: Database, row_id: int) -> tuple[Status, str | None]:
    (found,) = (one for one in queries.results(database, queries.Filter()) if one.id == row_id)
    return found.status, found.reason


def read_another_file(database: Database, *, model_version: int = 1) -> None:
    """Have a model read a file: from then on it is not suspected when a process dies."""
    (row_id,) = intake.register(database, "elsewhere", [SeenFile(f"{model_version}.png", 1, 1)])
    claims.claim(database, [row_id], "elsewhere")
    claims.answer(database, "elsewhere", [Answer(row_id, Status.ACCEPTED, model_version=model_version)])


def die(database: Database, rows: Sequence[int], message: str, *, model_version: int = 1) -> Claim:
    """Let the process that reads a message die, and another one get the message again."""
    return claims.claim(database, rows, message, model_version=model_version, redelivered=True)


def only_result(database: Database) -> queries.Result:
    (result,) = queries.results(database, queries.Filter())
    return result


def test_a_claim_gives_the_files_of_its_rows_and_costs_an_attempt(database: Database) -> None:
    rows = registered(database, 3)
    claim = claims.claim(database, rows[:2], "mine")
    assert ids(claim) == rows[:2]
    assert claim.alone == []
    assert {(file.folder, file.size, file.mtime_ns) for file in claim.files} == {("d", 1, 1)}
    assert [attempts(database, row_id) for row_id in rows] == [1, 1, 0]


def test_a_claim_costs_the_same_however_many_rows_wait(sqlite_database: Database) -> None:
    steps: list[int] = []
    event.listen(sqlite_database.engine, "connect", lambda driver, _: driver.set_progress_handler(count(steps), 10))
    sqlite_database.close()  # the next connection counts

    def claimed(first: int) -> int:
        rows = intake.register(sqlite_database, "d", [SeenFile(f"{first + one}.png", 1, 1) for one in range(1000)])
        before = len(steps)
        claim = claims.claim(sqlite_database, rows[:256], f"message {first}")
        again = claims.claim(sqlite_database, rows[:256], f"message {first}", redelivered=True)
        assert (len(claim.files), len(again.alone)) == (256, 256)
        return len(steps) - before

    costs = [claimed(first) for first in range(0, 4000, 1000)]
    assert costs[0] > 0
    assert max(costs) < 1.2 * min(costs)


def count(steps: list[int]) -> Callable[[], int]:
    """Note every ten steps of SQLite's machine, and let it go on."""

    def note() -> int:
        steps.append(10)
        return 0

    return note


def test_a_second_claim_gets_nothing(database: Database) -> None:
    rows = registered(database, 3)
    claims.claim(database, rows, "mine")
    assert claims.claim(database, rows, "yours") == Claim([], [])
    assert claims.claim(database, rows[:1], "yours") == Claim([], [])
    assert [attempts(database, row_id) for row_id in rows] == [1, 1, 1]


def test_the_same_message_delivered_twice_without_a_crash_is_read_once(database: Database) -> None:
    rows = registered(database, 3)
    claims.claim(database, rows, "message")
    assert claims.claim(database, rows, "message") == Claim([], [])


def test_answered_and_unknown_rows_are_passed_over(database: Database) -> None:
    first, second = registered(database, 2)
    claims.claim(database, [first], "mine")
    claims.answer(database, "mine", [accepted(first)])
    assert ids(claims.claim(database, [first, second, 987_654_321, 2**63 - 1], "mine")) == [second]
    assert claims.claim(database, [987_654_321], "mine") == Claim([], [])


def test_a_row_named_twice_in_a_message_is_read_once(database: Database) -> None:
    (row_id,) = registered(database, 1)
    assert ids(claims.claim(database, [row_id] * 50, "mine")) == [row_id]
    assert attempts(database, row_id) == 1


def test_a_row_whose_lease_ran_out_can_be_claimed_again(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "gone")
    let_lease_run_out(database, [row_id])
    assert ids(claims.claim(database, [row_id], "next")) == [row_id]
    assert attempts(database, row_id) == 2


def set_clock_back(database: Database, milliseconds: int) -> None:
    """Let all times in the ledger look as after the clock was set back."""
    with database.writing() as connection:
        for column in (images.c.claimed_ms, images.c.first_seen_ms, images.c.recognized_ms):
            connection.execute(update(images).values({column: column + milliseconds}))


def test_a_claim_from_before_the_clock_was_set_back_is_over(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "gone")
    set_clock_back(database, 3_600_000)
    assert intake.owed(database).tried == [row_id]
    assert ids(claims.claim(database, [row_id], "next")) == [row_id]


def test_a_claim_holds_when_the_clock_is_corrected_by_seconds(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "mine")
    set_clock_back(database, 5_000)
    assert intake.owed(database).tried == []
    assert claims.claim(database, [row_id], "next") == Claim([], [])


def test_how_long_a_row_waits_is_known_again_after_the_clock_was_set_back(database: Database) -> None:
    registered(database, 2)
    before = queries.oldest_queued_ms(database)
    intake.mend_times(database)
    assert queries.oldest_queued_ms(database) == before
    set_clock_back(database, 3_600_000)
    intake.mend_times(database)
    oldest = queries.oldest_queued_ms(database)
    assert oldest is not None
    assert oldest <= time.time_ns() // 1_000_000


def test_leases_go_by_the_databases_clock_and_not_by_the_hosts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row_id,) = registered(database, 1)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3_600_000_000_000)
    claims.claim(database, [row_id], "mine")
    monkeypatch.undo()
    assert claims.claim(database, [row_id], "next") == Claim([], [])
    with database.reading() as connection:
        assert connection.execute(select(images.c.claimed_ms)).scalar_one() <= time.time_ns() // 1_000_000


def test_rows_whose_lease_ran_out_are_read_alone(database: Database) -> None:
    rows = registered(database, 4)
    claims.claim(database, rows[:2], "gone")
    let_lease_run_out(database, rows[:2])
    claim = claims.claim(database, rows, "next")
    assert ids(claim) == rows[2:]
    assert (claim.alone, claim.died) == (rows[:2], [])
    # They are free again, so each is claimed by the message that it gets for itself.
    assert ids(claims.claim(database, [rows[0]], "single")) == [rows[0]]


def test_a_redelivered_message_frees_its_own_rows_to_be_read_one_by_one(database: Database) -> None:
    rows = registered(database, 3)
    claims.claim(database, rows, "message")
    assert die(database, rows, "message") == Claim([], alone=rows, died=rows)
    assert [ids(claims.claim(database, [row_id], f"single {row_id}")) for row_id in rows] == [[row] for row in rows]


def test_a_redelivered_message_takes_nothing_from_another_living_worker(database: Database) -> None:
    rows = registered(database, 2)
    claims.claim(database, rows, "other")
    assert die(database, rows, "message") == Claim([], [])
    assert die(database, rows[:1], "message") == Claim([], [])
    assert counted(database, rows[0]) == (1, 0)


def test_a_redelivered_message_for_a_single_row_reads_it_at_once(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "message")
    assert ids(die(database, [row_id], "message")) == [row_id]


def test_a_process_that_dies_counts_for_a_row_it_read_alone_and_for_none_of_several(database: Database) -> None:
    first, second, single = registered(database, 3)
    claims.claim(database, [first, second], "together")
    claims.claim(database, [single], "alone")
    die(database, [first, second], "together")
    die(database, [single], "alone")
    assert [counted(database, row_id) for row_id in (first, second, single)] == [(1, 0), (1, 0), (2, 1)]


def test_a_message_that_comes_again_before_its_rows_were_claimed_counts_no_crash(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claim = die(database, [row_id], "message")
    assert (ids(claim), claim.died) == ([row_id], [])
    assert counted(database, row_id) == (1, 0)


def test_rows_released_before_their_message_comes_again_count_no_crash(database: Database) -> None:
    (row_id,) = registered(database, 1)
    read_another_file(database)
    for _ in range(2 * MAX_ATTEMPTS):  # so ends a stop, and lack of memory
        claims.claim(database, [row_id], "message")
        claims.release(database, [row_id], "message")
        assert ids(die(database, [row_id], "message")) == [row_id]
        claims.release(database, [row_id], "message")
    assert counted(database, row_id) == (0, 0)


def test_a_lease_that_runs_out_is_no_crash(database: Database) -> None:
    (row_id,) = registered(database, 1)
    read_another_file(database)
    for outage in range(2 * MAX_CRASHES):
        assert ids(claims.claim(database, [row_id], f"reader {outage}", model_version=1)) == [row_id]
        let_lease_run_out(database, [row_id])
    assert counted(database, row_id) == (2 * MAX_CRASHES, 0)
    assert status_of(database, row_id) == (Status.QUEUED, None)


def test_a_file_whose_worker_dies_each_time_is_failed_with_that_reason(database: Database) -> None:
    (row_id,) = registered(database, 1)
    for attempt in range(MAX_ATTEMPTS):
        assert ids(claims.claim(database, [row_id], f"worker {attempt}")) == [row_id]
        let_lease_run_out(database, [row_id])
    assert claims.claim(database, [row_id], "one too many") == Claim([], [])
    assert status_of(database, row_id) == (Status.FAILED, UNANSWERED)


def test_a_file_that_crashed_its_readers_too_often_is_failed_with_that_reason(database: Database) -> None:
    (row_id,) = registered(database, 1)
    read_another_file(database)
    claims.claim(database, [row_id], "message")
    for _ in range(MAX_CRASHES - 1):
        assert ids(die(database, [row_id], "message")) == [row_id]
    assert die(database, [row_id], "message") == Claim([], [], died=[row_id])
    (result,) = queries.find(database, "0.png", "d")
    assert (result.status, result.reason) == (Status.FAILED, CRASHED)
    assert result.recognized_ms is not None
    assert queries.balance(database).waiting == 0


def test_no_file_is_failed_for_a_model_that_has_read_none_yet(database: Database) -> None:
    (row_id,) = registered(database, 1)
    read_another_file(database, model_version=1)
    claims.claim(database, [row_id], "message", model_version=2)
    for _ in range(2 * MAX_ATTEMPTS):
        assert ids(die(database, [row_id], "message", model_version=2)) == [row_id]
    # The same file is given up as soon as its model has read another one and it ends its process once more.
    read_another_file(database, model_version=2)
    die(database, [row_id], "message", model_version=2)
    assert status_of(database, row_id) == (Status.FAILED, CRASHED)


def test_a_file_that_crashed_another_model_is_tried_and_not_failed_at_once(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "message", model_version=2)
    for _ in range(2 * MAX_CRASHES):
        die(database, [row_id], "message", model_version=2)
    let_lease_run_out(database, [row_id])
    read_another_file(database, model_version=3)
    assert ids(claims.claim(database, [row_id], "next", model_version=3)) == [row_id]


def test_a_poisonous_file_stops_no_neighbour(database: Database) -> None:
    rows = registered(database, 5)
    poison = rows[2]
    messages = [(rows, False)]
    deaths = 0
    while messages:
        message, redelivered = messages.pop(0)
        claim = claims.claim(database, message, f"message {message}", model_version=1, redelivered=redelivered)
        messages += [([row_id], False) for row_id in claim.alone]
        if poison in ids(claim):
            deaths += 1
            messages.append((message, True))
        else:
            claims.answer(database, f"message {message}", [accepted(file.id) for file in claim.files])
    found = {result.id: result.status for result in queries.results(database, queries.Filter())}
    assert found == {row_id: Status.FAILED if row_id == poison else Status.ACCEPTED for row_id in rows}
    assert deaths == 1 + MAX_CRASHES  # one among its neighbours, which says nothing


def test_released_rows_are_free_again_and_have_their_attempt_back(database: Database) -> None:
    rows = registered(database, 2)
    claims.claim(database, rows, "mine")
    claims.release(database, rows, "mine")
    assert [attempts(database, row_id) for row_id in rows] == [0, 0]
    assert intake.owed(database).fresh == rows
    assert ids(claims.claim(database, rows, "next")) == rows


def test_postponed_rows_are_free_again_and_their_attempt_counts(database: Database) -> None:
    rows = registered(database, 2)
    claims.claim(database, rows, "mine")
    claims.postpone(database, rows, "yours", "nobody's")
    assert claims.claim(database, rows, "next") == Claim([], [])
    claims.postpone(database, rows, "mine", "the reason")
    claims.postpone(database, [], "mine", "the reason")
    assert [counted(database, row_id) for row_id in rows] == [(1, 0), (1, 0)]
    assert intake.owed(database).tried == rows


def test_a_row_that_was_postponed_too_often_is_failed_with_the_reason(database: Database) -> None:
    (row_id,) = registered(database, 1)
    for attempt in range(MAX_ATTEMPTS):
        assert status_of(database, row_id) == (Status.QUEUED, None)
        claims.claim(database, [row_id], f"message {attempt}")
        claims.postpone(database, [row_id], f"message {attempt}", "the reason")
    assert status_of(database, row_id) == (Status.FAILED, "the reason")
    assert intake.register(database, "d", [SeenFile("0.png", 2, 2)]) == [row_id]  # other content begins anew
    assert counted(database, row_id) == (0, 0)


def test_only_the_holder_can_release(database: Database) -> None:
    rows = registered(database, 2)
    claims.claim(database, rows, "mine")
    claims.release(database, rows, "yours")
    claims.release(database, [], "mine")
    assert [attempts(database, row_id) for row_id in rows] == [1, 1]
    assert claims.claim(database, rows, "next") == Claim([], [])


def test_an_answer_is_written_with_its_digits(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "mine")
    before = time.time_ns() // 1_000_000
    assert claims.answer(database, "mine", [accepted(row_id, "04")]) == 1
    result = only_result(database)
    assert (result.status, result.reading, result.confidence, result.model_version) == ("accepted", "04", 0.9, 1)
    assert result.recognized_ms is not None
    assert before <= result.recognized_ms <= time.time_ns() // 1_000_000
    stored = queries.digits_of(database, [row_id])[row_id]
    assert [(digit.position, digit.label, digit.box) for digit in stored] == [
        (0, 0, (0, 2, 3, 4)),
        (1, 4, (1, 2, 3, 4)),
    ]
    assert stored[0].probabilities == pytest.approx(ROUND)


def test_an_answer_keeps_the_number_as_written_beside_its_digits(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "mine")
    claims.answer(database, "mine", [accepted(row_id, "125", "12.5")])
    assert (only_result(database).reading, only_result(database).written) == ("125", "12.5")


def test_a_new_answer_replaces_the_digits_of_the_earlier_content(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "first")
    claims.answer(database, "first", [accepted(row_id, "123")])
    intake.requeue(database, [row_id])
    claims.claim(database, [row_id], "second")
    claims.answer(database, "second", [accepted(row_id, "4")])
    assert [digit.label for digit in queries.digits_of(database, [row_id])[row_id]] == [4]


def test_an_answer_of_somebody_elses_rows_is_passed_over(database: Database) -> None:
    mine, yours = registered(database, 2)
    claims.claim(database, [mine], "mine")
    claims.claim(database, [yours], "yours")
    assert claims.answer(database, "mine", [accepted(mine), accepted(yours), accepted(987_654_321)]) == 1
    found = {result.id: result.status for result in queries.results(database, queries.Filter())}
    assert found == {mine: Status.ACCEPTED, yours: Status.QUEUED}
    assert claims.answer(database, "mine", []) == 0


def test_an_answer_given_twice_counts_once(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "mine")
    assert claims.answer(database, "mine", [accepted(row_id, "1")]) == 1
    assert claims.answer(database, "mine", [accepted(row_id, "2")]) == 0
    assert only_result(database).reading == "1"


def test_the_old_claims_answer_is_passed_over_when_the_file_changed_meanwhile(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "old content")
    assert intake.register(database, "d", [SeenFile("0.png", 2, 2)]) == [row_id]
    assert claims.answer(database, "old content", [accepted(row_id, "1")]) == 0
    assert only_result(database).status == Status.QUEUED
    (file,) = claims.claim(database, [row_id], "new content").files
    assert (file.size, file.mtime_ns) == (2, 2)
    assert claims.answer(database, "old content", [accepted(row_id, "1")]) == 0
    assert claims.answer(database, "new content", [accepted(row_id, "2")]) == 1
    assert only_result(database).reading == "2"


def test_the_answer_of_a_worker_that_was_taken_for_dead_is_passed_over(database: Database) -> None:
    (row_id,) = registered(database, 1)
    claims.claim(database, [row_id], "slow")
    let_lease_run_out(database, [row_id])
    claims.claim(database, [row_id], "next")
    assert claims.answer(database, "slow", [accepted(row_id, "1")]) == 0
    assert claims.answer(database, "next", [accepted(row_id, "2")]) == 1
    assert only_result(database).reading == "2"


def test_an_answer_that_the_database_can_not_hold_fails_its_own_row_alone(database: Database) -> None:
    rows = registered(database, 5)
    claims.claim(database, rows, "mine")
    broken = Answer(rows[2], Status.ACCEPTED, digits=(DigitRow(7, 0.9, (0, 0, 1, 1), (None,) * 10),))  # type: ignore[arg-type]
    given = [broken if row_id == rows[2] else accepted(row_id) for row_id in rows]
    assert claims.answer(database, "mine", given) == 5
    found = {result.id: result for result in queries.results(database, queries.Filter())}
    assert [found[row_id].status for row_id in rows].count(Status.ACCEPTED) == 4
    assert found[rows[2]].status == Status.FAILED
    assert "p0" in (found[rows[2]].reason or "")
    assert rows[2] not in queries.digits_of(database, rows)


def test_concurrent_claimers_never_share_a_row(database: Database) -> None:
    rows = registered(database, 400)
    readers = [Database(database.url.render_as_string(hide_password=False)) for _ in range(4)]
    together = threading.Barrier(len(readers))

    def take(number: int) -> list[int]:
        taken = []
        together.wait()
        for start in range(0, len(rows), 50):
            message = rows[start : start + 50][:: -1 if number % 2 else 1]  # orders that would wait in a circle
            taken += ids(claims.claim(readers[number], message, f"reader {number} {start}"))
        return taken

    with ThreadPoolExecutor(len(readers)) as pool:
        taken = [row_id for part in pool.map(take, range(len(readers))) for row_id in part]
    for reader in readers:
        reader.close()
    assert sorted(taken) == rows
    assert {attempts(database, row_id) for row_id in rows[::40]} == {1}


def test_the_balance_closes_at_every_step(database: Database) -> None:
    rows = registered(database, 6)

    def counts() -> tuple[int, ...]:
        balance = queries.balance(database)
        assert balance.closes
        assert balance.seen == 6
        return tuple(balance.by_status[status] for status in Status)

    assert counts() == (6, 0, 0, 0, 0)
    claims.claim(database, rows, "mine")
    assert counts() == (6, 0, 0, 0, 0)
    finals = (Status.ACCEPTED, Status.REVIEW, Status.REJECTED, Status.FAILED)
    claims.answer(database, "mine", [Answer(row_id, status) for row_id, status in zip(rows, finals, strict=False)])
    assert counts() == (2, 1, 1, 1, 1)
    claims.release(database, rows, "mine")
    intake.requeue_failed(database, ["d"])
    assert counts() == (3, 1, 1, 1, 0)
