"""Folders, links, brokers and databases that are lost while a folder is watched."""

import functools
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import db.engine
import watcher.folder
from broker.address import Address
from broker.client import Client
from broker.connection import connect
from broker.server import EmbeddedBroker
from db import intake, queries
from db.engine import Database
from db.tables import Status
from tests.integration.watched import SOON, Eventually, Watched, aged
from watcher.errors import FolderMissing
from watcher.watch import Watcher

# watchdog 7 warns when a directory's watch was set a moment earlier by the scan of its parent; nothing is lost by it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id .* already exists:RuntimeWarning")


def test_a_missing_folder_is_an_error_at_the_start(tmp_path: Path, sqlite_database: Database, address: Address) -> None:
    client = Client(address)
    watcher = Watcher(tmp_path / "gone", sqlite_database, client, polling=False, settle_seconds=1.0, rescan_seconds=1.0)
    with pytest.raises(FolderMissing, match="gone is not there"):
        watcher.run(threading.Event())
    client.close()


@pytest.mark.parametrize("polling", [False, True])
def test_a_folder_that_is_lost_is_announced_and_waited_for(
    watched: Watched, eventually: Eventually, *, polling: bool
) -> None:
    watched.start(settle=0.0, rescan=0.05, polling=polling)
    shutil.rmtree(watched.folder)
    eventually(lambda: watched.announced("the watcher waits", "is not there"), SOON)
    assert watched.rows().keys() == {"first.png"}
    watched.presence_file.unlink()
    watched.folder.mkdir()
    watched.drop("second.png")
    watched.wait_for("second.png")
    eventually(lambda: watched.announced("the watcher goes on"), SOON)
    eventually(watched.presence_file.exists, SOON)
    watched.pass_by("third.png")
    assert queries.balance(watched.database).by_status[Status.QUEUED] == 3


@pytest.mark.parametrize(
    "lose",
    [
        pytest.param(lambda folder: folder.rename(folder.with_name("elsewhere")), id="renamed"),
        pytest.param(shutil.rmtree, id="deleted"),  # on ext4 and xfs the new folder gets the old one's inode number
    ],
)
def test_events_are_seen_in_a_folder_that_was_lost_and_made_again(
    watched: Watched, eventually: Eventually, lose: Callable[[Path], object]
) -> None:
    watched.start(rescan=0.05)
    lose(watched.folder)
    eventually(lambda: watched.announced("the watcher waits", "is not there"), SOON)
    watched.folder.mkdir()
    aged(watched.drop("second.png"))
    watched.wait_for("second.png")
    watched.pass_by("third.png")  # it settles for an hour: only the event of its closing brings it in


def test_files_are_seen_without_events_when_the_machine_has_no_watches_left(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_watches(_folder: bytes) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watcher.watch.EventSource", no_watches)
    watched.start(settle=0.0, rescan=0.05)
    watched.pass_by("second.png")
    assert watched.announced("no file events come, the folder is scanned every second instead", "limit") == 1


@pytest.mark.linux  # elsewhere one watch is for the whole tree
def test_a_watch_limit_that_leaves_out_a_subfolder_is_told_in_one_warning(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers.inotify_c import InotifyFD  # noqa: PLC0415 - only Linux has it

    add = InotifyFD.add_callback

    def limited(self: InotifyFD, path: bytes, *given: object) -> object:
        if path != os.fsencode(watched.folder):
            raise OSError(28, "inotify watch limit reached")
        return add(self, path, *given)  # type: ignore[arg-type]  # handed through as they came

    monkeypatch.setattr(InotifyFD, "add_callback", limited)
    (watched.folder / "deep").mkdir()
    watched.start(rescan=0.05)
    assert watched.announced("some subfolders send no events, only scans see their files", "limit") == 1
    watched.pass_by("second.png")  # where there is a watch, events still come


def test_a_file_system_that_other_machines_write_is_told_in_one_warning(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.watch.shared_type", lambda _folder: "nfs4")
    watched.start(rescan=0.05)
    watched.pass_by("second.png")
    assert watched.announced("other machines' files may send no events, only scans see them") == 1


def test_events_are_seen_in_a_folder_that_is_a_link(watched: Watched) -> None:
    link_to(watched.folder, "elsewhere")
    (watched.folder / "deep").mkdir()
    watched.start()
    watched.pass_by("deep/second.png")  # it settles for an hour: only the event of its closing brings it in


def test_events_are_seen_in_a_folder_below_a_link(watched: Watched) -> None:
    link_to(watched.folder, "elsewhere")
    (watched.folder / "inner").mkdir()
    watched.folder /= "inner"
    watched.start()
    watched.pass_by("second.png")


def test_a_link_that_is_turned_to_another_folder_is_noticed_without_a_rescan(watched: Watched) -> None:
    link_to(watched.folder, "elsewhere")
    watched.start()
    other = watched.folder.with_name("other")
    other.mkdir()
    (other / "second.png").write_bytes(b"x")
    aged(other / "second.png")
    (other.with_name("new link")).symlink_to(other)
    (other.with_name("new link")).rename(watched.folder)
    watched.wait_for("second.png")
    watched.pass_by("third.png")


def link_to(folder: Path, name: str) -> None:
    """Move a folder elsewhere and put a link in its place."""
    folder.rename(folder.with_name(name))
    folder.symlink_to(name)


def kill(server: EmbeddedBroker, eventually: Eventually) -> None:
    with connect(server.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not server.alive(), SOON)


def test_what_a_killed_broker_forgot_is_enqueued_again(
    watched: Watched, broker_server: EmbeddedBroker, eventually: Eventually
) -> None:
    watched.start()
    watched.pass_by("before.png")
    kill(broker_server, eventually)
    watched.drop("meanwhile.png")
    watched.wait_for("meanwhile.png")
    eventually(lambda: watched.announced("the broker is lost, files wait in the ledger until it is back"), SOON)
    broker_server.ensure()
    eventually(lambda: (watched.client.waiting() or 0) > 0, SOON)
    assert len(intake.owed(watched.database).fresh) == 3
    eventually(lambda: watched.announced("the broker is back"), SOON)
    watched.pass_by("after.png")


def test_what_an_emptied_broker_forgot_is_enqueued_again(started: Watched, eventually: Eventually) -> None:
    eventually(lambda: started.client.waiting() == 1, SOON)
    started.client.redis.flushall()
    eventually(lambda: started.announced("enqueued again"), SOON)
    assert started.client.waiting() == 1


def test_rows_that_are_waited_for_already_are_not_enqueued_again(started: Watched, eventually: Eventually) -> None:
    """Two reconciliations go by, told by the broker's own count of the questions for the queue's length."""
    asked = functools.partial(started.client.redis.info, "commandstats")
    begin = asked()["cmdstat_llen"]["calls"]
    eventually(lambda: asked()["cmdstat_llen"]["calls"] >= begin + 2, SOON)
    assert started.client.waiting() == 1
    assert started.announced("enqueued again") == 0


def test_a_locked_database_is_announced_and_waited_for(
    watched: Watched, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db.engine, "BUSY_SECONDS", 0.05)
    impatient = Database(watched.database.url.render_as_string())
    watched.start(settle=0.0, database=impatient)
    with watched.database.writing():
        watched.drop("second.png")
        eventually(lambda: watched.announced("the watcher waits", "database is locked"), SOON)
    watched.wait_for("second.png")
    eventually(lambda: watched.announced("the watcher goes on"), SOON)
    watched.stop()
    impatient.close()


def test_a_lost_folder_is_announced_once_however_long_it_is_gone(
    watched: Watched, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bytes] = []

    def counted(folder: bytes) -> os.stat_result:
        looks.append(folder)
        return watcher.folder.require_folder(folder)

    monkeypatch.setattr("watcher.watch.require_folder", counted)
    watched.start(rescan=0.05)
    shutil.rmtree(watched.folder)
    eventually(lambda: watched.announced("the watcher waits"), SOON)
    seen = len(looks)
    eventually(lambda: len(looks) >= seen + 3, SOON)
    assert (watched.announced("the watcher waits"), watched.announced("the watcher goes on")) == (1, 0)
    watched.folder.mkdir()
    eventually(lambda: watched.announced("the watcher goes on"), SOON)


def test_events_are_seen_in_a_folder_that_was_replaced_unnoticed(watched: Watched) -> None:
    watched.start(rescan=2.0)
    shutil.rmtree(watched.folder)
    watched.folder.mkdir()
    aged(watched.drop("second.png"))
    watched.wait_for("second.png")
    watched.pass_by("third.png")
