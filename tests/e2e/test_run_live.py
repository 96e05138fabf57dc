import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.place import Place

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0
PICTURE = next((Path(__file__).parents[2] / "digits").glob("*.png")).read_bytes()


def statuses(place: "Place") -> dict[str, int]:
    database = place.path / "var" / "results.db"
    if not database.exists():
        return {}
    with sqlite3.connect(database, timeout=30) as connection:
        try:
            return dict(connection.execute("SELECT status, count(*) FROM images GROUP BY status"))
        except sqlite3.OperationalError:
            return {}  # not migrated yet


def test_dropped_file_is_shown_and_ctrl_c_leaves_no_process(place: "Place") -> None:
    process = place.start("run", "--workers", "1")
    assert process.stdout is not None
    assert "Watching" in process.stdout.readline()
    (place.inbox / "first.png").write_bytes(PICTURE)
    assert "first.png" in process.stdout.readline()
    (place.inbox / "second.png").write_bytes(PICTURE)
    assert "second.png" in process.stdout.readline()

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does

    assert process.wait(60) == 0
    assert place.processes() == {}
    (place.inbox / "meanwhile.png").write_bytes(PICTURE)
    assert place.digits("run", "--once").returncode == 0
    assert sum(statuses(place).values()) == 3
    assert "queued" not in statuses(place)


def test_killed_run_takes_its_parts_with_it_and_the_next_one_starts(place: "Place", eventually: Eventually) -> None:
    process = place.start("run", "--workers", "1")
    assert process.stdout is not None
    (place.inbox / "first.png").write_bytes(PICTURE)
    eventually(lambda: statuses(place).get("accepted", 0) + statuses(place).get("review", 0) == 1, PATIENCE)

    process.kill()

    def only_the_broker_is_left() -> bool:
        return all("broker.sock" in line for line in place.processes().values())

    eventually(only_the_broker_is_left, PATIENCE)
    assert place.digits("run", "--once").returncode == 0
    assert place.processes() == {}


def test_second_run_in_the_same_place_says_so(place: "Place") -> None:
    process = place.start("run", "--workers", "1")
    assert process.stdout is not None
    process.stdout.readline()

    second = place.digits("run", "--once")

    assert second.returncode == 1
    assert "already at work" in second.stderr


def test_ledger_that_is_removed_is_told_and_made_anew(place: "Place", eventually: Eventually) -> None:
    process = place.start("run", "--workers", "1", DIGITS_RESCAN_SECONDS="1")
    assert process.stdout is not None
    process.stdout.readline()
    (place.inbox / "first.png").write_bytes(PICTURE)
    assert "first.png" in process.stdout.readline()

    for path in (place.path / "var").glob("results.db*"):
        path.unlink()

    assert "its file is gone" in process.stdout.readline()
    assert "It is back." in process.stdout.readline()
    assert "first.png" in process.stdout.readline()
    (place.inbox / "second.png").write_bytes(PICTURE)
    eventually(lambda: sum(statuses(place).values()) == 2, PATIENCE)
