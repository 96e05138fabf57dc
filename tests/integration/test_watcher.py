"""A real watcher on a real folder, with a real ledger and broker, and nobody who reads."""

import itertools
import os
import time
from pathlib import Path

import pytest

import watcher.folder
from db import claims, queries
from db.tables import Status
from tests.integration.watched import SOON, Eventually, Watched, aged
from watcher.selection import Selection

# watchdog 7 warns when a directory's watch was set a moment earlier by the scan of its parent; nothing is lost by it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id .* already exists:RuntimeWarning")


def test_the_backlog_is_registered_by_the_first_scan_and_enqueued(watched: Watched) -> None:
    (watched.folder / "deep" / "er").mkdir(parents=True)
    names = ["7.png", "deep/7.png", "deep/er/7.png", "not an image", "empty"]
    for name in names:
        aged(watched.drop(name, b""))
    watched.start()
    watched.wait_for(*names)
    assert {result.status for result in watched.rows().values()} == {Status.QUEUED}
    watched.pass_by("later.png")
    assert watched.client.waiting() == 2  # the backlog in one message, the new file in one of its own


def test_a_large_backlog_is_registered_once_and_whole(watched: Watched) -> None:
    source = aged(watched.drop("0.png"))
    for number in range(1, 2500):
        os.link(source, watched.folder / f"{number}.png")
    watched.start(rescan=0.05)
    watched.wait_for(*(f"{number}.png" for number in range(2500)))
    watched.pass_by("later.png")
    assert queries.balance(watched.database).seen == 2502
    assert watched.client.waiting() == 4 + 4 + 4 + 1  # 1024, 1024 and 453 rows in four chunks each, and the later one


def test_a_dropped_file_is_registered_and_enqueued_at_once(started: Watched, eventually: Eventually) -> None:
    eventually(lambda: started.client.waiting() == 1, SOON)  # its row was there a moment earlier
    started.drop("7.png")
    started.wait_for("7.png")
    eventually(lambda: started.client.waiting() == 2, SOON)


def test_half_written_file_is_not_enqueued_until_its_writer_closes_it(started: Watched) -> None:
    with (started.folder / "slow.png").open("wb") as file:
        file.write(b"first half")
        file.flush()
        started.pass_by("neighbour.png")
        file.write(b"second half")
        file.flush()
        started.pass_by("other neighbour.png")
        assert "slow.png" not in started.rows()
    started.wait_for("slow.png")
    (file_seen,) = claims.claim(started.database, [started.rows()["slow.png"].id], "reader").files
    assert file_seen.size == len(b"first halfsecond half")


def test_half_written_file_is_not_enqueued_by_rescans_either(watched: Watched) -> None:
    watched.start(rescan=0.01)
    with (watched.folder / "slow.png").open("wb") as file:
        file.write(b"first half")
        file.flush()
        for number in range(5):
            watched.pass_by(f"neighbour {number}.png")
        assert "slow.png" not in watched.rows()
    watched.wait_for("slow.png")


def test_a_file_that_is_never_closed_is_registered_when_it_holds_still(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.stability.HELD_SECONDS", 0.4)
    watched.start(settle=0.2)
    with (watched.folder / "open.png").open("wb") as file:
        file.write(b"all there is")
        file.flush()
        watched.wait_for("open.png")


@pytest.mark.linux  # only Linux tells whether somebody writes a file
def test_a_writer_that_pauses_longer_than_files_settle_is_waited_for(watched: Watched) -> None:
    watched.start(settle=0.05, rescan=0.01)
    with (watched.folder / "slow.png").open("wb") as file:
        file.write(b"first half")
        file.flush()
        pause = (watched.folder / "slow.png").stat().st_mtime + 0.2
        for number in itertools.count():
            watched.pass_by(f"neighbour {number}.png")
            if time.time() > pause:
                break
        assert "slow.png" not in watched.rows()
        file.write(b"second half")
    watched.wait_for("slow.png")


def test_a_file_moved_in_from_outside_is_registered(started: Watched, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(b"x")
    aged(outside).rename(started.folder / "moved.png")
    started.wait_for("moved.png")


def test_a_hard_link_is_registered(started: Watched, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(b"x")
    os.link(aged(outside), started.folder / "linked.png")
    started.wait_for("linked.png")


def test_a_finished_download_is_registered_under_its_final_name_only(started: Watched) -> None:
    started.drop("7.png.part")
    started.pass_by("neighbour.png")
    assert "7.png.part" not in started.rows()
    (started.folder / "7.png.part").rename(started.folder / "7.png")
    started.wait_for("7.png")
    assert "7.png.part" not in started.rows()


def test_a_tree_moved_in_is_registered_whole(started: Watched, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    names = ["0.png", "a/1.png", "a/b/2.png"]
    for name in names:
        (tree / name).write_bytes(b"x")
        aged(tree / name)
    tree.rename(started.folder / "tree")
    started.wait_for(*(f"tree/{name}" for name in names))
    (started.folder / "tree" / "a" / "b" / "later.png").write_bytes(b"x")
    started.wait_for("tree/a/b/later.png")


def test_files_in_directories_made_a_moment_ago_are_registered(watched: Watched) -> None:
    watched.start(settle=0.2)
    names = [f"new {number}/deeper/7.png" for number in range(30)]
    for name in names:
        (watched.folder / name).parent.mkdir(parents=True)
        (watched.folder / name).write_bytes(b"x")
    watched.wait_for(*names)


def test_hidden_and_unfinished_files_are_not_enqueued(watched: Watched) -> None:
    watched.start(rescan=0.01)
    (watched.folder / ".hidden").mkdir()
    for name in (".7.png", ".hidden/7.png", "7.png.part", "7.png.crdownload", "7.png~", "7.tmp"):
        aged(watched.drop(name))
    watched.pass_by("second.png")
    watched.pass_by("third.png")
    assert watched.rows().keys() == {"first.png", "second.png", "third.png"}


def test_what_is_ignored_and_what_is_of_another_kind_becomes_no_row(watched: Watched) -> None:
    watched.selection = Selection(["old", "*.bak.png"])
    (watched.folder / "old").mkdir()
    for name in ("old/7.png", "7.bak.png", "list.csv"):
        aged(watched.drop(name))
    watched.start(rescan=0.05)
    watched.drop("list of 2020.csv")
    watched.pass_by("second.png")
    assert watched.rows().keys() == {"first.png", "second.png"}
    assert watched.announced("passed over, as its name says that it is no picture") == 2


def test_a_name_that_is_no_text_is_registered(started: Watched) -> None:
    name = os.path.join(os.fsencode(started.folder), b"\xff\n\\x7f.png")
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    started.wait_for("\\xff\n\\\\x7f.png")


def test_a_pipe_and_a_link_become_rows_and_block_nobody(watched: Watched) -> None:
    os.mkfifo(watched.folder / "pipe")
    (watched.folder / "link.png").symlink_to("/etc/passwd")
    (watched.folder / "loop.png").symlink_to("loop.png")
    (watched.folder / "up").symlink_to("..")
    watched.start(settle=0.0)
    watched.wait_for("pipe", "link.png", "loop.png", "up")
    watched.pass_by("neighbour.png")
    assert len(watched.rows()) == 6


def test_a_folder_that_is_polled_is_seen_without_events(watched: Watched) -> None:
    watched.start(polling=True, settle=0.0, rescan=0.05)
    (watched.folder / "deep").mkdir()
    watched.pass_by("deep/second.png")


def test_two_watchers_of_one_folder_make_one_row_a_file(watched: Watched, eventually: Eventually) -> None:
    other = Watched(watched.folder, watched.database, watched.client, eventually)
    other.start(rescan=0.05)
    watched.start(rescan=0.05)
    for number in range(20):
        watched.drop(f"{number}.png")
    watched.wait_for(*(f"{number}.png" for number in range(20)))
    other.stop()
    assert queries.balance(watched.database).seen == 21


def test_events_and_scans_agree_on_directories_with_unfinished_names(watched: Watched) -> None:
    (watched.folder / "upload.tmp").mkdir()
    watched.start()
    watched.drop("upload.tmp/by event.png")
    watched.pass_by("neighbour.png")
    by_event = "upload.tmp/by event.png" in watched.rows()
    watched.stop()
    scanned = {os.fsdecode(state.path) for state in watcher.folder.Folder(os.fsencode(watched.folder)).scan()}
    assert by_event == ("upload.tmp/by event.png" in scanned)
