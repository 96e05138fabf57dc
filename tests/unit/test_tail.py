"""Each answer is shown once, in its order, also when clocks are set back and transactions overtake each other."""

from db import claims, intake
from db.claims import Answer
from db.engine import Database
from db.intake import SeenFile
from db.tables import NEXT_ANSWER, Status, images
from supervisor.tail import Tail


def registered(database: Database, *names: str) -> list[int]:
    rows = intake.register(database, "d", [SeenFile(name, 1, 1) for name in names])
    claims.claim(database, rows, "mine")
    return rows


def answer(database: Database, *rows: int) -> None:
    claims.answer(database, "mine", [Answer(row_id, Status.ACCEPTED, reading="7") for row_id in rows])


def shown(tail: Tail) -> list[str]:
    return [result.path for result in tail.new()]


def test_answers_are_given_once_as_they_come(database: Database) -> None:
    before, *rows = registered(database, "before", "a", "b", "c")
    answer(database, before)
    tail = Tail(database)
    assert shown(tail) == []
    answer(database, rows[0], rows[1])
    assert shown(tail) == ["a", "b"]
    answer(database, rows[2])
    assert shown(tail) == ["c"]
    assert shown(tail) == []


def test_an_answer_is_shown_when_the_clock_was_set_back_before_it(database: Database) -> None:
    first, second = registered(database, "a", "b")
    tail = Tail(database)
    answer(database, first)
    with database.writing() as connection:  # so the answer before looks after the clock was set back an hour
        connection.execute(images.update().values(recognized_ms=images.c.recognized_ms + 3_600_000))
    assert shown(tail) == ["a"]
    answer(database, second)
    assert shown(tail) == ["b"]


def test_a_file_that_is_read_again_is_shown_again(database: Database) -> None:
    (row_id,) = registered(database, "a")
    tail = Tail(database)
    answer(database, row_id)
    assert shown(tail) == ["a"]
    intake.requeue(database, [row_id])
    assert shown(tail) == []
    claims.claim(database, [row_id], "mine")
    answer(database, row_id)
    assert shown(tail) == ["a"]


def test_an_answer_that_is_committed_after_a_later_one_is_shown_too(database: Database) -> None:
    slow, quick = registered(database, "slow", "quick")
    tail = Tail(database)
    with database.direct() as ledger:
        ((number, _),) = ledger.fetch(NEXT_ANSWER[ledger.dialect], {})
    answer(database, quick)
    assert shown(tail) == ["quick"]
    answer(database, slow)
    with database.writing() as connection:
        connection.execute(images.update().where(images.c.id == slow).values(answer=number))
    assert shown(tail) == ["slow"]
    assert shown(tail) == []


def test_readings_of_a_ledger_that_took_the_place_of_another_are_shown(database: Database) -> None:
    answer(database, *registered(database, "a", "b", "c"))
    tail = Tail(database)
    with database.writing() as connection:  # so an older copy of the ledger looks
        connection.execute(images.update().values(answer=None))
    assert shown(tail) == []
    with database.writing() as connection:
        connection.execute(images.update().where(images.c.path == "a").values(answer=1))
    assert shown(tail) == ["a"]
