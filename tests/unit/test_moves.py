"""Which rows may be those of a file, and what a row keeps that follows its file."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, make_url, select, text, update

from db import claims, intake, moves, queries
from db.claims import Answer, DigitRow
from db.engine import Database
from db.errors import ValueRefused
from db.intake import SeenFile
from db.migrate import migrate
from db.moves import KnownFile, Match
from db.tables import Status, digits, images

OLD = SeenFile("old/7.png", 100, 1_700_000_000_123_456_789)


def registered(database: Database, file: SeenFile, folder: str = "digits") -> int:
    (row_id,) = intake.register(database, folder, [file])
    return row_id


def answered(database: Database, file: SeenFile) -> int:
    row_id = registered(database, file)
    claims.claim(database, [row_id], "reader")
    digit = DigitRow(7, 0.9, (1, 2, 3, 4), (0.1,) * 10)
    claims.answer(database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7", hash="a", digits=(digit,))])
    return row_id


def known(database: Database, file: SeenFile) -> KnownFile:
    (row,) = [row for row in moves.in_folder(database, "digits") if row.path == file.path]
    return row


def follow(database: Database, row: KnownFile, path: str) -> bool:
    return moves.follow(database, "digits", [Match(row, SeenFile(path, row.size, row.mtime_ns))]) != []


def test_rows_with_size_and_time_of_a_file_are_found_in_its_folder(database: Database) -> None:
    row_id = answered(database, OLD)
    registered(database, OLD, folder="elsewhere")
    others = [SeenFile(f"{number}.png", 100, number) for number in range(1, 1500)]
    intake.register(database, "digits", others)
    new = SeenFile("new.png", OLD.size, OLD.mtime_ns)
    assert [row.id for row in moves.alike(database, "digits", [new])] == [row_id]
    assert len(moves.alike(database, "digits", [new, *others])) == 1500
    assert moves.alike(database, "digits", [SeenFile("new.png", 101, OLD.mtime_ns)]) == []
    assert moves.alike(database, "digits", []) == []


def test_among_thousands_of_copies_the_rows_with_the_inode_of_a_file_are_found(database: Database) -> None:
    files = [SeenFile(f"{number}.png", 100, 1, 2, 3, number) for number in range(1, moves.MOST_ROWS + 100)]
    intake.register(database, "digits", files)
    last = SeenFile("new.png", 100, 1, 2, 3, files[-1].inode)
    found = moves.alike(database, "digits", [last, SeenFile("without inode.png", 100, 1)])
    assert files[-1].path in {row.path for row in found}
    assert len({row.id for row in found}) == len(found) <= moves.MOST_ROWS + 1


@pytest.mark.parametrize("write", [moves.follow, lambda ledger, _, matches: moves.note(ledger, matches)])
def test_rows_are_written_while_a_worker_locks_them_in_the_order_of_their_ids(
    database: Database, write: Callable[[Database, str, list[Match]], object]
) -> None:
    files = [SeenFile(f"{number}.png", 100, number) for number in range(2)]
    ids = intake.register(database, "digits", files)
    matches = [Match(known(database, file), SeenFile(f"new/{file.path}", 100, file.mtime_ns, 5)) for file in files]
    with ThreadPoolExecutor(1) as watcher:
        with database.writing() as worker:
            worker.execute(update(images).where(images.c.id == ids[0]).values(claim="w"))
            written = watcher.submit(write, database, "digits", matches[::-1])
            time.sleep(0.3)  # by then it waits for the first row
            worker.execute(update(images).where(images.c.id == ids[1]).values(claim="w"))
        written.result()
    with database.reading() as connection:
        assert list(connection.execute(select(images.c.ctime_ns)).scalars()) == [5, 5]


def test_a_row_that_follows_its_file_knows_it_as_it_is_now(database: Database) -> None:
    answered(database, OLD)
    new = SeenFile("new.png", OLD.size, OLD.mtime_ns, 5, 6, 7)
    assert moves.follow(database, "digits", [Match(known(database, OLD), new)])
    assert moves.changed(database, "digits", [new]) == []


def test_a_row_that_was_read_keeps_all_but_its_path(database: Database) -> None:
    row_id = answered(database, OLD)
    (before,) = queries.find(database, OLD.path)
    assert follow(database, known(database, OLD), "new.png")
    (after,) = queries.find(database, "new.png")
    assert (after.id, after.status, after.reading, after.recognized_ms) == (
        row_id, before.status, before.reading, before.recognized_ms,
    )  # fmt: skip
    assert queries.find(database, OLD.path) == []
    assert len(queries.digits_of(database, [row_id])[row_id]) == 1


def test_a_row_that_was_not_read_is_queued_anew_and_its_claim_ends(database: Database) -> None:
    row_id = registered(database, OLD)
    claims.claim(database, [row_id], "reader")
    assert follow(database, known(database, OLD), "new.png")
    assert intake.owed(database).fresh == [row_id]


def test_a_row_that_is_queued_anew_waits_by_the_databases_clock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = registered(database, OLD)
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time_ns", lambda: 2**62)
        assert follow(database, known(database, OLD), "new.png")
    with database.reading() as connection:
        first_seen_ms = connection.execute(select(images.c.first_seen_ms).where(images.c.id == row_id)).scalar_one()
    assert first_seen_ms < 2**62 // 1_000_000


@pytest.mark.parametrize("meanwhile", ["new path taken", "row changed", "row gone"])
def test_a_row_does_not_follow_where_things_have_changed_meanwhile(database: Database, meanwhile: str) -> None:
    row_id = answered(database, OLD)
    row = known(database, OLD)
    if meanwhile == "new path taken":
        registered(database, SeenFile("new.png", 1, 1))
    elif meanwhile == "row changed":
        assert follow(database, row, "elsewhere.png")
    else:
        moves.forget(database, [row_id])
    before = queries.results(database, queries.Filter())
    assert not follow(database, row, "new.png")
    assert queries.results(database, queries.Filter()) == before


@pytest.mark.postgres
def test_a_name_that_the_database_can_t_hold_is_refused_before_a_row_follows_to_it(
    new_postgres_url: Callable[[], str],
) -> None:
    url = make_url(new_postgres_url())
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        options = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(text(f"CREATE DATABASE latin_{url.database} {options}"))
    engine.dispose()
    database = Database(url.set(database=f"latin_{url.database}").render_as_string(hide_password=False))
    migrate(database)
    answered(database, OLD)
    strange = "\N{CJK UNIFIED IDEOGRAPH-65E5}.png"
    with pytest.raises(ValueRefused):
        moves.changed(database, "digits", [SeenFile(strange, OLD.size, OLD.mtime_ns)])
    with pytest.raises(ValueRefused):
        moves.changed(database, strange, [OLD])
    database.close()


def test_more_files_than_values_fit_one_statement_are_compared(database: Database) -> None:
    files = [SeenFile(f"{number}.png", 1, 1) for number in range(2500)]
    intake.register(database, "digits", files[:2400])
    assert len(moves.changed(database, "digits", files)) == 100


def test_a_forgotten_row_takes_its_digits_with_it(database: Database) -> None:
    gone, kept = answered(database, OLD), answered(database, SeenFile("kept.png", 1, 1))
    moves.forget(database, [gone, 999_999])
    assert [row.id for row in queries.results(database, queries.Filter())] == [kept]
    with database.reading() as connection:
        assert list(connection.execute(select(digits.c.image_id)).scalars()) == [kept]
