"""Kill what runs, again and again, while files are dropped."""

import pytest

from tests.abuse.harness import Abused, Eventually, Record

pytestmark = [pytest.mark.abuse, pytest.mark.long]

FILES = 10_000
KILLS = 20


@pytest.mark.parametrize(
    ("what", "name"),
    [
        pytest.param("cli.main worker", "the worker", id="worker"),
        pytest.param("spawn_main", "a reading process", id="reading process"),
        pytest.param("cli.main watch", "the watcher", id="watcher"),
    ],
)
def test_no_file_is_lost_however_often_it_is_killed(
    abused: Abused, record: Record, eventually: Eventually, what: str, name: str
) -> None:
    abused.start("run", "--workers", "2")
    abused.kill_during_drops(what, files=FILES, kills=KILLS, eventually=eventually)
    seconds = abused.require_balance(FILES)
    assert "failed" not in abused.counts()
    record(f"{FILES:,} drops", f"{KILLS} times kill -9 of {name}", FILES - abused.answered(), seconds)
