"""What a person says about a picture is shown, and stands while the file has its content."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from db import claims, corrections, intake, moves, queries, tables
from db.claims import Answer
from db.corrections import Correction
from db.engine import Database
from db.intake import SeenFile
from db.moves import Match
from db.queries import Filter, Result
from db.tables import Said, Source, Status
from supervisor.tail import Tail
from tests.unit.test_queries import plan

ROOT = Path(__file__).parents[2]
SAYS_FOUR = Correction("anna", Said.READING, "4", "4")
SAYS_PRICE = Correction("bob", Said.READING, "125", "12.5")


@pytest.fixture
def row_id(database: Database) -> int:
    """Give a row that the machine has read as 9, and wants to have reviewed."""
    (row_id,) = intake.register(database, "d", [SeenFile("a.png", 1, 1)])
    read(database, row_id)
    return row_id


def read(database: Database, row_id: int, content: str | None = "old", *, model: int = 1) -> None:
    """Let the machine answer a row that waits; None is a file that it can't read."""
    claims.claim(database, [row_id], "m")
    answer = Answer(row_id, Status.FAILED, reason="not an image")
    if content:
        answer = Answer(row_id, Status.REVIEW, "not sure: 9 or 4", "9", 0.53, model, content, written="9")
    assert claims.answer(database, "m", [answer]) == 1


def shown(database: Database, row_id: int) -> Result:
    (result,) = queries.results(database, Filter(ids=[row_id]))
    return result


def said(database: Database, row_id: int) -> tuple[str | None, str, str]:
    result = shown(database, row_id)
    return result.written, result.status.value, result.source.value


BY_MACHINE = ("9", "review", "machine")
BY_ANNA = ("4", "accepted", "person")


def test_what_a_person_says_is_shown_and_the_machines_answer_stays(database: Database, row_id: int) -> None:
    assert corrections.correct(database, row_id, "old", SAYS_PRICE)
    result = shown(database, row_id)
    assert (result.status, result.reading, result.written) == (Status.ACCEPTED, "125", "12.5")
    assert (result.confidence, result.reason, result.source) == (1.0, "says bob", Source.PERSON)
    (machine,) = queries.by_machine(database, [row_id])
    assert (machine.status, machine.reading, machine.confidence) == (Status.REVIEW, "9", 0.53)
    assert (machine.reason, machine.source) == ("not sure: 9 or 4", Source.MACHINE)


@pytest.mark.parametrize("said", [Said.NO_DIGIT, Said.UNREADABLE])
def test_what_a_person_can_not_read_is_rejected(database: Database, row_id: int, said: Said) -> None:
    corrections.correct(database, row_id, "old", Correction("anna", said))
    result = shown(database, row_id)
    assert (result.status, result.reading, result.written) == (Status.REJECTED, None, None)
    assert (result.confidence, result.reason) == (None, f"{said}, says anna")


@pytest.mark.parametrize("given", [SAYS_PRICE, Correction("anna", Said.NO_DIGIT), None])
def test_the_view_shows_what_the_questions_give(database: Database, row_id: int, given: Correction | None) -> None:
    if given:
        corrections.correct(database, row_id, "old", given)
    result = shown(database, row_id)
    names = "path, reading, confidence, status, reason, model_version, written, folder, id, source"
    with database.reading() as connection:
        view = connection.execute(text(f"SELECT {names} FROM results")).mappings().one()  # noqa: S608 - fixed
    assert dict(view) == {name: getattr(result, name) for name in names.split(", ")}


def test_who_follows_the_ledger_sees_each_answer_and_each_one_taken_back(database: Database, row_id: int) -> None:
    tail = Tail(database)
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    assert [(one.id, one.written, one.source) for one in tail.new()] == [(row_id, "4", Source.PERSON)]
    assert tail.new() == []
    corrections.undo(database, row_id, "anna")
    assert [(one.id, one.written, one.source) for one in tail.new()] == [(row_id, "9", Source.MACHINE)]


def test_each_answer_is_a_row_with_what_the_machine_said(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    corrections.correct(database, row_id, "old", Correction("bob", Said.READING, "7", "7", position=0, audit=True))
    corrections.undo(database, row_id, "carl")
    with database.reading() as connection:
        rows = connection.execute(select(tables.corrections).order_by(tables.corrections.c.id)).all()
    assert [(row.person, row.said, row.written, row.position, row.audit) for row in rows] == [
        ("anna", "reading", "4", None, 0),
        ("bob", "reading", "7", 0, 1),
        ("carl", "undo", None, None, 0),
    ]
    assert rows[2].undoes == rows[1].id
    for row in rows:
        assert (row.image_id, row.hash, row.machine_model) == (row_id, "old", 1)
        assert (row.machine_status, row.machine_reading, row.machine_confidence) == ("review", "9", 0.53)
        assert row.said_ms > 1_700_000_000_000


def test_taking_back_shows_the_answer_before_and_at_last_the_machines(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    corrections.correct(database, row_id, "old", SAYS_PRICE)
    assert corrections.undo(database, row_id, "bob") == SAYS_PRICE
    assert said(database, row_id) == BY_ANNA
    assert corrections.undo(database, row_id, "bob") == SAYS_FOUR
    assert said(database, row_id) == BY_MACHINE
    assert not corrections.undo(database, row_id, "bob")
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    assert said(database, row_id) == BY_ANNA


def test_two_people_who_answer_at_once_are_both_heard(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    intake.requeue(database, [row_id])  # from now on only the answer knows the content

    def hold(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE images"):
            time.sleep(0.3)

    event.listen(database.engine, "before_cursor_execute", hold)
    with ThreadPoolExecutor(2) as people:
        given = [people.submit(corrections.correct, database, row_id, "old", one) for one in (SAYS_PRICE, SAYS_FOUR)]
        assert [one.result() for one in given] == [True, True]
        taken_back = [people.submit(corrections.undo, database, row_id, name) for name in ("anna", "bob")]
        assert {one.result() for one in taken_back} == {SAYS_FOUR, SAYS_PRICE}
    assert said(database, row_id) == BY_ANNA


def test_an_answer_about_other_content_is_not_written(database: Database, row_id: int) -> None:
    assert not corrections.correct(database, row_id, "new", SAYS_FOUR)
    assert not corrections.correct(database, row_id + 1, "old", SAYS_FOUR)
    assert said(database, row_id) == BY_MACHINE


def test_a_persons_answer_stands_while_its_file_waits_for_a_retry_and_after_it(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    intake.requeue(database, [row_id])
    assert said(database, row_id) == BY_ANNA
    assert corrections.shown_content(database, row_id) == "old"
    read(database, row_id, model=2)
    assert said(database, row_id) == BY_ANNA
    assert queries.by_machine(database, [row_id])[0].model_version == 2


def test_a_persons_answer_stands_if_its_file_can_not_be_read_again(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    intake.requeue(database, [row_id])
    read(database, row_id, None)
    assert said(database, row_id) == BY_ANNA
    corrections.undo(database, row_id, "anna")
    assert said(database, row_id)[1:] == ("failed", "machine")


def test_a_touched_file_keeps_what_a_person_said_once_its_content_is_known(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    intake.register(database, "d", [SeenFile("a.png", 1, 2)])
    assert said(database, row_id)[1:] == ("queued", "machine")
    read(database, row_id)
    assert said(database, row_id) == BY_ANNA


@pytest.mark.parametrize("noticed", ["by its time", "by its hash", "by its reader"])
def test_other_content_ends_a_persons_answer_and_the_same_brings_it_back(
    database: Database, row_id: int, noticed: str
) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    if noticed == "by its time":
        intake.register(database, "d", [SeenFile("a.png", 1, 2)])
    else:
        intake.requeue(database, [row_id], changed=noticed == "by its hash")
    read(database, row_id, "new")
    assert said(database, row_id) == BY_MACHINE
    intake.register(database, "d", [SeenFile("a.png", 1, 3)])
    read(database, row_id)
    assert said(database, row_id) == BY_ANNA


def follow(database: Database, path: str) -> bool:
    (row,) = moves.in_folder(database, "d")
    return moves.follow(database, "d", [Match(row, SeenFile(path, row.size, row.mtime_ns))]) != []


def test_a_renamed_file_keeps_what_a_person_said(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    assert follow(database, "b.png")
    assert said(database, row_id) == BY_ANNA
    intake.requeue(database, [row_id])
    assert follow(database, "c.png")
    read(database, row_id)
    assert said(database, row_id) == BY_ANNA


def test_a_copy_has_no_part_in_what_a_person_said(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    (copy,) = intake.register(database, "d", [SeenFile("copy.png", 1, 1)])
    read(database, copy)
    assert said(database, copy) == BY_MACHINE
    corrections.correct(database, copy, "old", SAYS_PRICE)
    corrections.undo(database, copy, "bob")
    assert said(database, copy) == BY_MACHINE


def other_row(database: Database, path: str, content: str, inode: int = 0) -> int:
    (row_id,) = intake.register(database, "d", [SeenFile(path, 1, 1, 1, 1, inode)])
    read(database, row_id, content)
    return row_id


@pytest.mark.parametrize("first", ["this", "other"])
def test_two_files_that_swap_their_names_take_what_people_said_with_them(
    database: Database, row_id: int, first: str
) -> None:
    other = other_row(database, "b.png", "other")
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    corrections.correct(database, other, "other", SAYS_PRICE)
    intake.register(database, "d", [SeenFile("a.png", 1, 2), SeenFile("b.png", 1, 2)])
    contents = {row_id: "other", other: "old"}
    for one in sorted(contents, reverse=first == "other"):
        read(database, one, contents[one])
    assert said(database, row_id) == ("12.5", "accepted", "person")
    assert said(database, other) == BY_ANNA
    corrections.undo(database, other, "bob")
    assert said(database, other) == BY_MACHINE


def test_a_swap_that_is_seen_file_by_file_takes_what_people_said_along(database: Database) -> None:
    one, two = other_row(database, "1.png", "one", 11), other_row(database, "2.png", "two", 12)
    corrections.correct(database, one, "one", SAYS_FOUR)
    corrections.correct(database, two, "two", SAYS_PRICE)
    intake.register(database, "d", [SeenFile("1.png", 1, 2, 2, 1, 12)])
    read(database, one, "two")
    assert said(database, one) == ("12.5", "accepted", "person")
    intake.register(database, "d", [SeenFile("2.png", 1, 2, 2, 1, 11)])
    read(database, two, "one")
    assert said(database, two) == BY_ANNA


def test_what_a_person_said_goes_into_no_other_folder(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    intake.register(database, "d", [SeenFile("a.png", 1, 2)])
    (elsewhere,) = intake.register(database, "elsewhere", [SeenFile("a.png", 1, 1)])
    read(database, elsewhere)
    assert said(database, elsewhere) == BY_MACHINE


def test_a_file_takes_the_newest_answer_onto_the_path_of_another_row_and_back(database: Database) -> None:
    second, first = other_row(database, "2.png", "picture", 11), other_row(database, "1.png", "other", 12)
    corrections.correct(database, second, "picture", SAYS_PRICE)
    intake.register(database, "d", [SeenFile("1.png", 1, 2, 2, 1, 11)])  # 2.png was renamed onto it
    read(database, first, "picture")
    assert said(database, first) == ("12.5", "accepted", "person")
    corrections.correct(database, first, "picture", SAYS_FOUR)
    back = [row for row in moves.in_folder(database, "d") if row.id == second]
    moves.note(database, [Match(row, SeenFile("2.png", 1, 1, 3, 1, 11)) for row in back])
    assert said(database, second) == BY_ANNA


def test_of_two_rows_of_a_file_that_is_renamed_the_follower_shows_the_newest_answer(database: Database) -> None:
    second, first = other_row(database, "2.png", "picture", 11), other_row(database, "1.png", "other", 12)
    corrections.correct(database, second, "picture", SAYS_PRICE)
    intake.register(database, "d", [SeenFile("1.png", 1, 2, 2, 1, 11)])
    read(database, first, "picture")
    corrections.correct(database, first, "picture", SAYS_FOUR)
    (row,) = [row for row in moves.in_folder(database, "d") if row.id == second]
    assert moves.follow(database, "d", [Match(row, SeenFile("3.png", 1, 1, 3, 1, 11))])
    assert said(database, second) == BY_ANNA


def test_a_row_that_is_forgotten_takes_what_people_said_with_it(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    moves.forget(database, [row_id])
    with database.reading() as connection:
        assert connection.execute(select(tables.corrections)).all() == []


def renamed_onto(database: Database) -> tuple[int, int]:
    """Give the rows of 2.png, which anna has corrected, and of 1.png, onto which that file was renamed."""
    second, first = other_row(database, "2.png", "picture", 11), other_row(database, "1.png", "other", 12)
    corrections.correct(database, second, "picture", SAYS_FOUR)
    intake.register(database, "d", [SeenFile("1.png", 1, 2, 2, 1, 11)])
    read(database, first, "picture")
    return second, first


def test_an_answer_that_has_gone_to_another_row_outlives_its_own(database: Database) -> None:
    second, first = renamed_onto(database)
    corrections.correct(database, second, "picture", SAYS_PRICE)
    corrections.undo(database, second, "bob")
    moves.forget(database, [second])
    assert said(database, first) == BY_ANNA
    intake.requeue(database, [first])
    read(database, first, "picture")
    assert said(database, first) == BY_ANNA
    moves.forget(database, [first])
    with database.reading() as connection:
        assert connection.execute(select(tables.corrections)).all() == []


def test_an_answer_that_was_taken_back_at_another_row_does_not_come_back_without_that(database: Database) -> None:
    second, first = renamed_onto(database)
    corrections.undo(database, first, "anna")
    moves.forget(database, [first])
    intake.requeue(database, [second])
    read(database, second, "picture")
    assert said(database, second) == BY_MACHINE


def test_the_balance_counts_what_is_shown_and_closes(database: Database, row_id: int) -> None:
    corrections.correct(database, row_id, "old", SAYS_FOUR)
    intake.requeue(database, [row_id])
    intake.register(database, "d", [SeenFile("b.png", 1, 1)])
    balance = queries.balance(database)
    assert (balance.by_status[Status.ACCEPTED], balance.by_status[Status.QUEUED], balance.closes) == (1, 1, True)
    assert balance.waiting == 2


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(statuses=(Status.ACCEPTED,)), True),
        (Filter(statuses=(Status.REVIEW,)), False),
        (Filter(statuses=(Status.REVIEW, Status.FAILED)), False),
        (Filter(reading="12.5"), True),
        (Filter(reading="125"), True),
        (Filter(reading="9"), False),
        (Filter(digit=5), True),
        (Filter(digit=9), False),
        (Filter(min_confidence=1.0), True),
        (Filter(max_confidence=0.9), False),
        (Filter(source=Source.PERSON), True),
        (Filter(source=Source.MACHINE), False),
    ],
)
def test_a_filter_is_about_what_is_shown(database: Database, row_id: int, wanted: Filter, found: bool) -> None:  # noqa: FBT001 - a parameter
    corrections.correct(database, row_id, "old", SAYS_PRICE)
    assert [result.id for result in queries.results(database, wanted)] == [row_id] * found


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(limit=20, source=Source.PERSON), "ix_images_corrected"),
        (Filter(limit=20, source=Source.MACHINE), "ix_images_recognized"),
    ],
)
def test_the_latest_of_a_source_are_found_without_sorting(database: Database, wanted: Filter, index: str) -> None:
    found = plan(database, lambda database: queries.results(database, wanted))
    assert index in found
    assert "Sort" not in found
    assert "TEMP B-TREE" not in found


#: Writes a correction, and hangs before it stands.
HANGING = """
import sys, time
from sqlalchemy import event
from db import corrections
from db.engine import Database
from db.tables import Said
database = Database(sys.argv[1])
@event.listens_for(database.engine, "before_cursor_execute")
def hang(_connection, _cursor, statement, *_):
    if statement.startswith("UPDATE images"):
        print("written", flush=True)
        time.sleep(600)
corrections.correct(database, int(sys.argv[2]), "old", corrections.Correction("anna", Said.READING, "4", "4"))
"""


def test_a_process_that_is_killed_while_it_corrects_leaves_nothing_half(database: Database, row_id: int) -> None:
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", HANGING, url, str(row_id)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    with database.reading() as connection:
        assert connection.execute(select(tables.corrections)).all() == []
    assert said(database, row_id) == BY_MACHINE
    assert corrections.correct(database, row_id, "old", SAYS_FOUR)
    assert said(database, row_id) == BY_ANNA
