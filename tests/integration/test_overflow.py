"""The kernel drops events that nobody takes in time; the files they told of are found all the same."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from db.engine import Database
from db.queries import Filter, results
from tests.place import Place

pytestmark = pytest.mark.linux  # its queue of events overflows

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for, on a machine that is busy with other things.
PATIENCE = 60.0


def overflow(folder: Path) -> None:
    """Make more events than the kernel keeps, all of them about a file that is none of ours."""
    for _ in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())):
        (folder / "flood.part").touch()
        (folder / "flood.part").unlink()


def test_events_that_were_lost_are_made_up_for_by_a_scan_at_once(
    place: Place, broker_url: str, eventually: Eventually
) -> None:
    place.variables |= {"DIGITS_REDIS_URL": broker_url, "DIGITS_RESCAN_SECONDS": "3600"}
    assert place.digits("migrate").returncode == 0
    database = Database(f"sqlite:///{place.path}/var/results.db")

    def drop(name: str) -> None:
        (place.inbox / name).write_bytes(b"some bytes")

    def wait_for(name: str) -> None:
        eventually(lambda: name in {found.path for found in results(database, Filter())}, PATIENCE)

    watch = place.start("watch")
    drop("before.png")
    wait_for("before.png")
    drop("by event.png")
    wait_for("by event.png")  # the first scan is over: the next one is an hour away
    os.kill(watch.pid, signal.SIGSTOP)
    overflow(place.inbox)
    drop("lost.png")
    os.kill(watch.pid, signal.SIGCONT)
    wait_for("lost.png")
    watch.terminate()
    assert "events overflowed, scanning" in watch.communicate(timeout=PATIENCE)[0]
    database.close()
