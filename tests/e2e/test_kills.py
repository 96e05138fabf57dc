import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.place import Place

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0
PICTURE = next((Path(__file__).parents[2] / "digits").glob("*.png")).read_bytes()
FILES = 3000


def answered(place: "Place") -> int:
    try:
        with sqlite3.connect(f"file:{place.path}/var/results.db?mode=ro", uri=True, timeout=30) as connection:
            return int(connection.execute("SELECT count(*) FROM images WHERE status <> 'queued'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not there yet


def kill(place: "Place", what: str) -> None:
    pids = [pid for pid, line in place.processes().items() if what in line]
    assert pids, f"no {what} to kill among {place.processes()}"
    os.kill(pids[-1], signal.SIGKILL)


@pytest.mark.long  # a dead worker's claim lasts a minute
def test_balance_closes_after_a_pool_child_the_worker_and_the_broker_were_killed(
    place: "Place", eventually: Eventually
) -> None:
    for number in range(FILES):
        (place.inbox / f"{number}.png").write_bytes(PICTURE)
    process = place.start("run", "--once", "--workers", "2")

    eventually(lambda: answered(place) > 0, PATIENCE)
    kill(place, "spawn_main")
    eventually(lambda: answered(place) > FILES // 4, PATIENCE)
    kill(place, "broker.sock")
    eventually(lambda: answered(place) > FILES // 2, PATIENCE)
    kill(place, "cli.main worker")

    output = process.communicate(timeout=400)[0]
    assert process.returncode == 0, output
    with sqlite3.connect(place.path / "var" / "results.db") as connection:
        counts = dict(connection.execute("SELECT status, count(*) FROM images GROUP BY status"))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert set(counts) <= {"accepted", "review"}
    assert sum(counts.values()) == FILES
    assert place.processes() == {}
