"""Files come into the ledger under one name of their folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from db import claims, intake, queries
from db.claims import Answer
from db.engine import Database
from db.intake import SeenFile
from db.tables import Status
from watcher.registrar import Registrar
from watcher.stability import Settling

if TYPE_CHECKING:
    from watcher.enqueuer import Enqueuer


class Sent(list[int]):
    """Takes the rows that a registrar enqueues."""

    enqueue = list.extend


def registrar(folder: Path, database: Database) -> Registrar:
    return Registrar(os.fsencode(folder), database, cast("Enqueuer", Sent()), Settling(0))


def aged(path: Path) -> SeenFile:
    path.touch()
    os.utime(path, (1, 1))
    return SeenFile(path.name, 0, 10**9)


def read(database: Database, ids: list[int]) -> None:
    claims.claim(database, ids, "reader")
    claims.answer(database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7") for row_id in ids])


def names(database: Database) -> set[tuple[str, str]]:
    return {(result.folder, result.path) for result in queries.results(database, queries.Filter())}


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    return tmp_path / "digits"


def test_a_folder_has_one_name_from_each_directory(
    database: Database, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(inbox / "7.png")
    assert registrar(Path("digits"), database).scan() == 1
    monkeypatch.chdir(inbox)
    assert registrar(Path(), database).scan() == 0
    monkeypatch.chdir("/")
    assert registrar(inbox, database).scan() == 0
    assert names(database) == {(str(inbox), "7.png")}


def test_rows_that_were_named_by_the_directory_keep_their_answer_under_the_new_name(
    database: Database, inbox: Path
) -> None:
    here = aged(inbox / "here.png")
    (row_id,) = intake.register(database, "digits", [here])
    read(database, intake.register(database, "digits", [SeenFile("of another directory.png", 1, 1)]))
    assert registrar(inbox, database).scan() == 0
    assert names(database) == {(str(inbox), "here.png"), ("digits", "of another directory.png")}
    assert [result.id for result in queries.find(database, "here.png")] == [row_id]


def test_a_file_that_has_both_names_already_keeps_both_answers(database: Database, inbox: Path) -> None:
    both = aged(inbox / "both.png")
    for folder in ("digits", str(inbox)):
        read(database, intake.register(database, folder, [both]))
    assert registrar(inbox, database).scan() == 0
    assert names(database) == {(str(inbox), "both.png"), ("digits", "both.png")}


def test_no_row_stays_queued_under_a_name_that_nobody_watches(database: Database, inbox: Path) -> None:
    both, gone = aged(inbox / "both.png"), SeenFile("gone.png", 1, 1)
    ids = intake.register(database, "digits", [both, gone])
    read(database, intake.register(database, str(inbox), [both]))
    registrar(inbox, database).scan()
    assert names(database) == {(str(inbox), "both.png"), (str(inbox), "gone.png")}
    assert intake.owed(database, str(inbox)).fresh == intake.owed(database).fresh == ids[1:]


def test_another_file_of_the_same_name_takes_no_answer_from_a_relative_folder(database: Database, inbox: Path) -> None:
    aged(inbox / "1.png")
    read(database, intake.register(database, "digits", [SeenFile("1.png", 12345, 1)]))
    assert registrar(inbox, database).scan() == 1
    assert names(database) == {(str(inbox), "1.png"), ("digits", "1.png")}
