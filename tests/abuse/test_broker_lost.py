"""Take the broker away: kill it, empty it, leave it dead for a while. The ledger knows what is owed."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from broker.connection import connect
from broker.server import EmbeddedBroker
from supervisor.part import MAX_FAILURES
from tests.abuse.harness import PATIENCE, Abused, Eventually, Record

pytestmark = [pytest.mark.abuse, pytest.mark.long]

FILES = 10_000
KILLS = 10
#: Seconds between two looks at the whole folder, the default; an emptied broker must be made up for within two.
RESCAN_SECONDS = 30.0
#: Seconds for which the broker stays dead, and files dropped in each of them.
OUTAGE_SECONDS = 120
FILES_A_SECOND = 25
#: Megabytes by which the watcher may grow meanwhile.
GROWTH_MB = 50


def test_no_file_is_lost_however_often_the_broker_is_killed(
    abused: Abused, record: Record, eventually: Eventually
) -> None:
    abused.start("run", "--workers", "2")
    abused.kill_during_drops("broker.sock", files=FILES, kills=KILLS, eventually=eventually)
    seconds = abused.require_balance(FILES)
    assert "failed" not in abused.counts()
    record(f"{FILES:,} drops", f"{KILLS} times kill -9 of the broker", FILES - abused.answered(), seconds)


def test_an_emptied_broker_is_made_up_for_within_two_rescans(
    abused: Abused, record: Record, eventually: Eventually
) -> None:
    abused.start("run", "--workers", "2")
    abused.drop(range(FILES))
    eventually(lambda: abused.answered() and abused.queue_length() > 0, PATIENCE)
    with connect(abused.address.url) as client:
        client.flushall()
    assert abused.answered() < FILES
    seconds = abused.require_balance(FILES, 2 * RESCAN_SECONDS)
    record(f"{FILES:,} drops", "FLUSHALL on the way", FILES - abused.answered(), seconds)


def test_the_watcher_outlives_a_broker_that_is_down_for_two_minutes_and_grows_little(
    abused: Abused, own_broker: EmbeddedBroker, record: Record, eventually: Eventually
) -> None:
    abused.place.variables["DIGITS_REDIS_URL"] = own_broker.url
    abused.start("run", "--workers", "2")
    abused.drop(range(FILES_A_SECOND))
    eventually(lambda: abused.answered() == FILES_A_SECOND, PATIENCE)
    (watcher,) = abused.pids("cli.main watch")
    before = peak_mb(watcher)

    own_broker.stop()
    for second in range(1, OUTAGE_SECONDS + 1):
        abused.drop(range(second * FILES_A_SECOND, (second + 1) * FILES_A_SECOND))
        time.sleep(1.0)  # the outage itself
    files = (OUTAGE_SECONDS + 1) * FILES_A_SECOND
    eventually(lambda: sum(abused.counts().values()) == files, PATIENCE)
    assert abused.pids("cli.main watch") == [watcher]
    growth = peak_mb(watcher) - before
    own_broker.ensure()

    seconds = abused.require_balance(files)
    assert abused.pids("cli.main watch") == [watcher]
    assert growth < GROWTH_MB
    faults = f"broker down for {OUTAGE_SECONDS} s, the watcher grew by {growth:.0f} MB"
    record(f"{files:,} drops", faults, files - abused.answered(), seconds)


def test_parts_that_die_while_the_broker_is_down_come_back_with_it(
    abused_sqlite: Abused, own_broker: EmbeddedBroker, record: Record, eventually: Eventually
) -> None:
    abused_sqlite.place.variables["DIGITS_REDIS_URL"] = own_broker.url
    run = abused_sqlite.start("run", "--workers", "1")
    abused_sqlite.drop(range(1))
    eventually(lambda: abused_sqlite.answered() == 1, PATIENCE)
    own_broker.stop()
    assert abused_sqlite.kill("cli.main watch")
    assert abused_sqlite.kill("cli.main worker")
    abused_sqlite.drop(range(1, FILES))
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(4 * MAX_FAILURES)  # time enough to fail so often that a part would be given up
    own_broker.ensure()
    seconds = abused_sqlite.require_balance(FILES)
    lost = FILES - abused_sqlite.answered()
    record(f"{FILES:,} drops", "broker down, watcher and worker killed meanwhile", lost, seconds)


def peak_mb(pid: int) -> float:
    """Give the most memory that a process ever had in hand."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) / 1024
