"""A real watcher on a real folder, with a real ledger and broker, and nobody who reads."""

import dataclasses
import functools
import hashlib
import itertools
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path

import pytest
import structlog

import db.engine
import watcher.folder
from broker.address import Address
from broker.client import Client
from broker.connection import connect
from broker.presence_file import PresenceFile
from broker.server import EmbeddedBroker
from db import claims, intake, queries
from db.claims import Answer
from db.engine import Database
from db.tables import Status
from watcher.errors import FolderMissing
from watcher.selection import Selection
from watcher.watch import Watcher

Eventually = Callable[[Callable[[], object], float], None]

# watchdog 7 warns when a directory's watch was set a moment earlier by the scan of its parent; nothing is lost by it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id .* already exists:RuntimeWarning")

#: Seconds nothing here takes, so that a file only comes in when its writer is known to be done.
LONG = 3600.0
#: Seconds after which an event that did not come is a failure.
SOON = 20.0


def aged(path: Path) -> Path:
    """Let a file look as if it was written long ago."""
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


class Watched:
    """A folder that is being watched, and the ledger beside it."""

    def __init__(self, folder: Path, database: Database, client: Client, eventually: Eventually) -> None:
        self.folder = folder
        self.database = database
        self.client = client
        self.logs: list[MutableMapping[str, object]] = []
        self._eventually = eventually
        self.presence_file = folder.with_name("presence")
        self.selection = Selection()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self, *, polling: bool = False, settle: float = LONG, rescan: float = LONG, database: Database | None = None
    ) -> None:
        """Start a watcher, and wait until it sees events; by default only a writer that is done brings a file in.

        It is known to watch when the first scan, which comes after, has found the old file `first.png`.
        """
        aged(self.drop("first.png"))
        self._watch(polling, settle, rescan, database)
        self.wait_for("first.png")

    def restart(self) -> None:
        """Start a watcher anew, and wait until it sees events."""
        name = f"{len(self.rows())} were there.png"
        aged(self.drop(name, name.encode()))
        self._watch(polling=False, settle=LONG, rescan=LONG)
        self.wait_for(name)

    def _watch(self, polling: bool, settle: float, rescan: float, database: Database | None = None) -> None:  # noqa: FBT001 - handed through
        self._stop = threading.Event()
        watcher = Watcher(
            self.folder,
            database or self.database,
            self.client,
            polling=polling,
            settle_seconds=settle,
            rescan_seconds=rescan,
            presence_file=PresenceFile(self.presence_file),
            selection=self.selection,
        )
        self._thread = threading.Thread(target=watcher.run, args=(self._stop,), name="watcher")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self.folder.exists():
            self.drop(".wake up")  # an event ends its nap
        if self._thread:
            self._thread.join(60)
            assert not self._thread.is_alive()

    def rows(self) -> dict[str, queries.Result]:
        return {result.path: result for result in queries.results(self.database, queries.Filter())}

    def wait_for(self, *names: str) -> None:
        """Wait until all these files have a row."""
        self._eventually(lambda: set(names) <= self.rows().keys(), SOON)

    def pass_by(self, name: str) -> None:
        """Drop a file and wait for it: what happened before has been seen by then."""
        self.drop(name)
        self.wait_for(name)

    def drop(self, name: str, data: bytes = b"some bytes") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def announced(self, event: str, words: str = "") -> int:
        """Count the log lines of one event."""
        return sum(log["event"] == event and words in str(log.get("why", "")) for log in self.logs)


@pytest.fixture
def watched(
    tmp_path: Path,
    sqlite_database: Database,
    address: Address,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watched]:
    monkeypatch.setattr("watcher.watch.RECONCILE_SECONDS", 0.1)
    monkeypatch.setattr("watcher.watch.shared_type", lambda _folder: None)  # of this machine's own file systems
    (tmp_path / "digits").mkdir()
    client = Client(address)
    watched = Watched(tmp_path / "digits", sqlite_database, client, eventually)
    with structlog.testing.capture_logs() as logs:
        watched.logs = logs
        yield watched
        watched.stop()
    client.close()


@pytest.fixture
def started(watched: Watched) -> Watched:
    """Give a folder whose watcher already sees events."""
    watched.start()
    return watched


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


def read(watched: Watched, name: str) -> queries.Result:
    """Answer a row as a worker does, and give it."""
    row = watched.rows()[name]
    content = hashlib.sha256((watched.folder / name).read_bytes()).hexdigest()
    claims.claim(watched.database, [row.id], "reader")
    answer = Answer(row.id, Status.ACCEPTED, reading="7", confidence=0.9, model_version=1, hash=content)
    assert claims.answer(watched.database, "reader", [answer]) == 1
    return watched.rows()[name]


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


def test_an_overwritten_file_is_queued_again(started: Watched, eventually: Eventually) -> None:
    (row_id,) = (result.id for result in started.rows().values())
    claims.claim(started.database, [row_id], "reader")
    claims.answer(started.database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7")])
    started.drop("first.png", b"other bytes, and more of them")
    eventually(lambda: started.rows()["first.png"].status == Status.QUEUED, SOON)
    assert started.rows()["first.png"].reading is None
    assert intake.owed(started.database).fresh == [row_id]


def test_a_file_that_is_only_looked_at_is_not_queued_again(watched: Watched) -> None:
    watched.start(rescan=0.01)
    (row_id,) = (result.id for result in watched.rows().values())
    claims.claim(watched.database, [row_id], "reader")
    claims.answer(watched.database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7")])
    (watched.folder / "first.png").read_bytes()
    with (watched.folder / "first.png").open("ab"):
        pass  # opened for writing and closed without a change
    (watched.folder / "first.png").chmod(0o600)
    watched.pass_by("neighbour.png")
    assert watched.rows()["first.png"].status == Status.ACCEPTED


def test_new_content_of_the_same_size_and_time_is_read_again(watched: Watched, eventually: Eventually) -> None:
    watched.start(rescan=0.05)
    read(watched, "first.png")
    with (watched.folder / "first.png").open("r+b") as file:
        file.write(b"other byte")
        file.flush()
        aged(watched.folder / "first.png")  # before it is closed: nobody sees another time
    eventually(lambda: watched.rows()["first.png"].status == Status.QUEUED, SOON)


def test_a_file_that_took_anothers_place_with_its_size_and_time_is_read_again(
    watched: Watched, eventually: Eventually, tmp_path: Path
) -> None:
    (tmp_path / "other.png").write_bytes(b"other byte")
    aged(tmp_path / "other.png")
    watched.start(rescan=0.05)
    read(watched, "first.png")
    (tmp_path / "other.png").rename(watched.folder / "first.png")
    eventually(lambda: watched.rows()["first.png"].status == Status.QUEUED, SOON)


def test_a_file_that_failed_is_read_again_when_its_rights_change(watched: Watched, eventually: Eventually) -> None:
    watched.start(rescan=0.05)
    (row_id,) = (row.id for row in watched.rows().values())
    claims.claim(watched.database, [row_id], "reader")
    claims.answer(watched.database, "reader", [Answer(row_id, Status.FAILED, reason="permission denied")])
    watched.pass_by("second.png")
    watched.pass_by("third.png")
    assert watched.rows()["first.png"].status == Status.FAILED
    (watched.folder / "first.png").chmod(0o600)
    eventually(lambda: watched.rows()["first.png"].status == Status.QUEUED, SOON)


def test_a_file_that_was_touched_while_nobody_watched_is_hashed_and_keeps_its_reading(watched: Watched) -> None:
    watched.start(rescan=0.05)
    before = read(watched, "first.png")
    watched.stop()
    (watched.folder / "first.png").chmod(0o600)
    watched.restart()
    watched.pass_by("second.png")
    assert watched.rows()["first.png"] == before
    watched.stop()
    aged(watched.drop("first.png", b"other byte"))
    watched.restart()
    watched.pass_by("third.png")
    assert watched.rows()["first.png"].status == Status.QUEUED


def test_a_deleted_file_keeps_its_row(started: Watched) -> None:
    (started.folder / "first.png").unlink()
    started.pass_by("neighbour.png")
    assert started.rows().keys() == {"first.png", "neighbour.png"}


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


def test_events_are_seen_in_a_folder_that_came_back(watched: Watched, eventually: Eventually) -> None:
    watched.start(rescan=0.05)
    watched.folder.rename(watched.folder.with_name("elsewhere"))
    eventually(lambda: watched.announced("the watcher waits", "is not there"), SOON)
    watched.folder.mkdir()
    aged(watched.drop("second.png"))
    watched.wait_for("second.png")
    watched.pass_by("third.png")  # it settles for an hour: only the event of its closing brings it in


def test_a_folder_that_is_polled_is_seen_without_events(watched: Watched) -> None:
    watched.start(polling=True, settle=0.0, rescan=0.05)
    (watched.folder / "deep").mkdir()
    watched.pass_by("deep/second.png")


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


def test_two_watchers_of_one_folder_make_one_row_a_file(watched: Watched, eventually: Eventually) -> None:
    other = Watched(watched.folder, watched.database, watched.client, eventually)
    other.start(rescan=0.05)
    watched.start(rescan=0.05)
    for number in range(20):
        watched.drop(f"{number}.png")
    watched.wait_for(*(f"{number}.png" for number in range(20)))
    other.stop()
    assert queries.balance(watched.database).seen == 21


def test_events_are_seen_in_a_folder_that_was_deleted_and_made_again(watched: Watched, eventually: Eventually) -> None:
    """On ext4 and xfs the new folder gets the old one's inode number."""
    watched.start(rescan=0.05)
    shutil.rmtree(watched.folder)
    eventually(lambda: watched.announced("the watcher waits", "is not there"), SOON)
    watched.folder.mkdir()
    aged(watched.drop("second.png"))
    watched.wait_for("second.png")
    watched.pass_by("third.png")  # it settles for an hour: only the event of its closing brings it in


def test_events_and_scans_agree_on_directories_with_unfinished_names(watched: Watched) -> None:
    (watched.folder / "upload.tmp").mkdir()
    watched.start()
    watched.drop("upload.tmp/by event.png")
    watched.pass_by("neighbour.png")
    by_event = "upload.tmp/by event.png" in watched.rows()
    watched.stop()
    scanned = {os.fsdecode(state.path) for state in watcher.folder.Folder(os.fsencode(watched.folder)).scan()}
    assert by_event == ("upload.tmp/by event.png" in scanned)


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
