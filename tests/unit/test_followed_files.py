"""Rows follow their files also while a worker reads them."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

import db.moves
from db import claims, intake, queries
from db.claims import Answer
from db.engine import Database
from db.intake import SeenFile
from db.moves import Match
from db.tables import Status
from tests.closed import closed
from watcher import moves
from watcher.content import digest
from watcher.moves import Moves
from watcher.registrar import Registrar
from watcher.stability import Settling

if TYPE_CHECKING:
    from watcher.enqueuer import Enqueuer

DATA = b"some bytes"
#: More than the rows that were once looked at for a batch of files.
FILES = 2100


class Sent(list[int]):
    """Takes the rows that a registrar enqueues."""

    enqueue = list.extend


def registrar(folder: Path, database: Database) -> Registrar:
    return Registrar(os.fsencode(folder), database, cast("Enqueuer", Sent()), Settling(0))


def followed(database: Database, folder: Path, name: str) -> dict[str, int | None]:
    return Moves(os.fsencode(folder), "digits", database).follow([SeenFile(name, len(DATA), 1)])


def read_all(database: Database) -> None:
    ids = intake.owed(database).fresh
    claims.claim(database, ids, "reader")
    content = hashlib.sha256(DATA).hexdigest()
    claims.answer(database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7", hash=content) for row_id in ids])


def test_a_row_that_is_answered_while_its_file_moves_follows_it_with_its_reading(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.png").write_bytes(DATA)
    (row_id,) = intake.register(database, "digits", [SeenFile("old.png", len(DATA), 1, 2, 3, 4)])
    follow = db.moves.follow

    def read_meanwhile(ledger: Database, folder: str, matches: Sequence[Match]) -> list[Match]:
        read_all(ledger)
        return follow(ledger, folder, matches)

    monkeypatch.setattr(db.moves, "follow", read_meanwhile)
    rows = Moves(os.fsencode(tmp_path), "digits", database)
    assert rows.follow([SeenFile("new.png", len(DATA), 1, 9, 3, 4)]) == {"new.png": None}
    (row,) = queries.results(database, queries.Filter())
    assert (row.id, row.path, row.status, row.reading) == (row_id, "new.png", Status.ACCEPTED, "7")


def test_a_file_that_is_renamed_again_before_it_is_looked_at_gets_no_row_in_between(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.png").write_bytes(DATA)
    intake.register(database, "digits", [SeenFile("old.png", len(DATA), 1)])
    read_all(database)

    def renamed_meanwhile(*where: bytes) -> str | None:
        (tmp_path / "new.png").rename(tmp_path / "newer.png")
        return digest(*where)

    with monkeypatch.context() as patch:
        patch.setattr(moves, "digest", renamed_meanwhile)
        assert followed(database, tmp_path, "new.png") == {"new.png": None}
    assert [row.path for row in queries.results(database, queries.Filter())] == ["old.png"]
    assert followed(database, tmp_path, "newer.png") == {"newer.png": None}
    assert [row.path for row in queries.results(database, queries.Filter())] == ["newer.png"]


def test_a_row_that_was_not_read_follows_its_inode_on_its_device_alone(database: Database, tmp_path: Path) -> None:
    (tmp_path / "new.png").write_bytes(DATA)
    (row_id,) = intake.register(database, "digits", [SeenFile("old.png", len(DATA), 1, 2, 3, 4)])
    rows = Moves(os.fsencode(tmp_path), "digits", database)
    for device, inode in ((3, 5), (4, 4), (0, 0)):
        assert rows.follow([SeenFile("new.png", len(DATA), 1, 2, device, inode)]) == {}
    assert rows.follow([SeenFile("new.png", len(DATA), 1, 9, 3, 4)]) == {"new.png": row_id}


def test_a_read_row_does_not_follow_its_inode_to_other_content(database: Database, tmp_path: Path) -> None:
    intake.register(database, "digits", [SeenFile("old.png", len(DATA), 1, 2, 3, 4)])
    read_all(database)
    (tmp_path / "new.png").write_bytes(b"other byte")
    rows = Moves(os.fsencode(tmp_path), "digits", database)
    assert rows.follow([SeenFile("new.png", len(DATA), 1, 9, 3, 4)]) == {}


@pytest.mark.parametrize("is_read", [False, True])
def test_the_rows_of_a_directory_of_thousands_of_copies_follow_it(
    database: Database, tmp_path: Path, *, is_read: bool
) -> None:
    folder = tmp_path / "inbox"
    (folder / "a").mkdir(parents=True)
    for number in range(FILES):
        (folder / "a" / f"{number}.png").write_bytes(DATA)
        os.utime(folder / "a" / f"{number}.png", (1, 1))
    rows = registrar(folder, database)
    assert rows.scan() == FILES
    if is_read:
        read_all(database)
    before = {result.path.removeprefix("a/"): result.id for result in queries.results(database, queries.Filter())}
    for old, new in ("ab", "bc"):
        (folder / old).rename(folder / new)
        rows.scan()
    after = queries.results(database, queries.Filter())
    assert {result.path.removeprefix("c/"): result.id for result in after} == before
    assert {result.status for result in after} == {Status.ACCEPTED if is_read else Status.QUEUED}


def test_no_row_follows_a_copy_of_a_file_that_can_t_be_looked_at(database: Database, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    for name in ("closed/old.png", "copy.png"):
        (tmp_path / name).write_bytes(DATA)
    intake.register(database, "digits", [SeenFile("closed/old.png", len(DATA), 1)])
    read_all(database)
    with closed(tmp_path / "closed"):
        assert followed(database, tmp_path, "copy.png") == {}
    (row,) = queries.results(database, queries.Filter())
    assert row.path == "closed/old.png"
