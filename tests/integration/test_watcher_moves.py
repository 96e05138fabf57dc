"""A row follows its file when that is renamed or moved; a copy has a row of its own."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from sqlalchemy import update

from db import claims
from db.claims import Answer
from db.tables import Status, images
from tests.integration.watched import SOON, Eventually, Watched, aged, read

# watchdog 7 warns when a directory's watch was set a moment earlier by the scan of its parent; nothing is lost by it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id .* already exists:RuntimeWarning")


def test_the_row_of_a_renamed_file_follows_it_with_its_reading(started: Watched) -> None:
    before = read(started, "first.png")
    (started.folder / "first.png").rename(started.folder / "second.png")
    started.wait_for("second.png")
    assert started.rows() == {"second.png": dataclasses.replace(before, path="second.png")}


def test_the_rows_of_a_renamed_directory_follow_their_files(started: Watched) -> None:
    (started.folder / ".old").mkdir()
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        aged(started.drop(f".old/{name}"))
    (started.folder / ".old").rename(started.folder / "old")
    started.wait_for(*(f"old/{name}" for name in names))
    before = {name: read(started, f"old/{name}").id for name in names}
    (started.folder / "old").rename(started.folder / "new")
    started.wait_for(*(f"new/{name}" for name in names))
    rows = started.rows()
    assert {name: rows[f"new/{name}"].id for name in names} == before  # though all have the same content
    assert rows.keys() == {"first.png", *(f"new/{name}" for name in names)}
    assert {row.reading for path, row in rows.items() if path != "first.png"} == {"7"}


def test_a_file_that_was_moved_while_nobody_watched_keeps_its_row(watched: Watched) -> None:
    watched.start()
    before = read(watched, "first.png")
    watched.stop()
    (watched.folder / "deep").mkdir()
    (watched.folder / "first.png").rename(watched.folder / "deep" / "first.png")
    watched.restart()
    watched.wait_for("deep/first.png")
    assert watched.rows()["deep/first.png"] == dataclasses.replace(before, path="deep/first.png")


def test_a_copy_is_a_row_of_its_own(started: Watched) -> None:
    before = read(started, "first.png")
    shutil.copy2(started.folder / "first.png", started.folder / "copy.png")
    started.wait_for("copy.png")
    rows = started.rows()
    assert rows["first.png"] == before
    assert (rows["copy.png"].status, rows["copy.png"].reading) == (Status.QUEUED, None)


def test_other_content_of_the_same_size_and_time_is_no_moved_file(started: Watched) -> None:
    before = read(started, "first.png")
    (started.folder / "first.png").unlink()
    outside = started.folder.with_name("outside.png")
    outside.write_bytes(b"other byte")
    aged(outside).rename(started.folder / "second.png")
    started.wait_for("second.png")
    assert started.rows()["first.png"] == before
    assert started.rows()["second.png"].status == Status.QUEUED


@pytest.mark.parametrize("failed", [False, True])
def test_a_row_that_was_not_read_follows_its_file_and_is_queued(started: Watched, *, failed: bool) -> None:
    (row_id,) = (row.id for row in started.rows().values())
    claims.claim(started.database, [row_id], "reader")
    if failed:
        claims.answer(started.database, "reader", [Answer(row_id, Status.FAILED, reason="vanished")])
    (started.folder / "first.png").rename(started.folder / "second.png")
    started.wait_for("second.png")
    assert {row.id: (row.path, row.status, row.reason) for row in started.rows().values()} == {
        row_id: ("second.png", Status.QUEUED, None)
    }
    assert claims.answer(started.database, "reader", [Answer(row_id, Status.FAILED, reason="vanished")]) == 0


def test_directories_that_swap_their_names_are_read_again(started: Watched, eventually: Eventually) -> None:
    for name in (".a", ".b"):
        (started.folder / name).mkdir()
        aged(started.drop(f"{name}/1.png", name.encode()))
    for name in ("a", "b"):
        (started.folder / f".{name}").rename(started.folder / name)
    started.wait_for("a/1.png", "b/1.png")
    before = {name: read(started, f"{name}/1.png").id for name in ("a", "b")}
    (started.folder / "a").rename(started.folder / ".a")
    (started.folder / "b").rename(started.folder / "a")
    (started.folder / ".a").rename(started.folder / "b")
    eventually(lambda: {row.status for path, row in started.rows().items() if "/" in path} == {Status.QUEUED}, SOON)
    assert {started.rows()[f"{name}/1.png"].id for name in ("a", "b")} == set(before.values())


def swap(one: Path, other: Path) -> None:
    between = one.with_name(".between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


@pytest.mark.parametrize("names", [("a", "b"), ("a/1.png", "b/1.png")])
def test_what_swapped_names_while_nobody_watched_is_read_again(
    watched: Watched, eventually: Eventually, names: tuple[str, str]
) -> None:
    for name in ("a", "b"):
        (watched.folder / name).mkdir()
        aged(watched.drop(f"{name}/1.png", name.encode()))
    watched.start()
    for name in ("a", "b"):
        read(watched, f"{name}/1.png")
    with watched.database.writing() as connection:  # a minute after they came
        connection.execute(update(images).values(recognized_ms=images.c.recognized_ms + 60_000))
    before = read(watched, "first.png")
    watched.stop()
    swap(*(watched.folder / name for name in names))
    watched.restart()
    eventually(lambda: {row.status for path, row in watched.rows().items() if "/" in path} == {Status.QUEUED}, SOON)
    assert watched.rows()["first.png"] == before


def test_an_unread_row_follows_no_other_file_of_its_size_and_time(started: Watched) -> None:
    before = started.rows()["first.png"]
    other = started.drop(".second.png", b"other byte")
    aged(other)
    (started.folder / "first.png").unlink()
    other.rename(started.folder / "second.png")
    started.wait_for("second.png")
    assert started.rows()["first.png"] == before
    assert started.rows()["second.png"].status == Status.QUEUED


def test_a_directory_of_thousands_that_is_renamed_twice_at_once_leaves_no_row_behind(
    started: Watched, eventually: Eventually
) -> None:
    (started.folder / ".a").mkdir()
    for number in range(2100):
        aged(started.drop(f".a/{number}.png"))
    (started.folder / ".a").rename(started.folder / "a")
    eventually(lambda: len(started.rows()) == 2101, 3 * SOON)
    before = {row.id for row in started.rows().values()}
    (started.folder / "a").rename(started.folder / "b")
    (started.folder / "b").rename(started.folder / "c")
    moved = {"first.png", *(f"c/{number}.png" for number in range(2100))}
    eventually(lambda: started.rows().keys() == moved, 3 * SOON)
    assert {row.id for row in started.rows().values()} == before
