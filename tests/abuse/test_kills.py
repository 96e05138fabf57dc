"""Kill what runs, again and again, while files are dropped."""

from collections.abc import Callable

import pytest

from tests.abuse.harness import Abused, Record

pytestmark = [pytest.mark.abuse, pytest.mark.long]

FILES = 10_000
KILLS = 20
#: Seconds in which whatever was killed must be at work again, on a machine that is busy with other things.
PATIENCE = 120.0

Eventually = Callable[[Callable[[], object], float], None]


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
    kill_during_drops(abused, eventually, what, files=FILES, kills=KILLS)
    seconds = abused.require_balance(FILES)
    assert "failed" not in abused.counts()
    record(f"{FILES:,} drops", f"{KILLS} times kill -9 of {name}", FILES - abused.answered(), seconds)


def kill_during_drops(abused: Abused, eventually: Eventually, what: str, *, files: int, kills: int) -> None:
    """Drop the files in as many parts as there are kills; each kill hits in the middle of a part, at work on it."""
    for kill in range(kills):
        begin, middle, end = (files * part // (2 * kills) for part in (2 * kill, 2 * kill + 1, 2 * kill + 2))
        before = abused.answered()
        abused.drop(range(begin, middle))
        eventually(lambda before=before: abused.answered() > before, PATIENCE)  # type: ignore[misc]
        eventually(lambda: abused.kill(what), PATIENCE)
        abused.drop(range(middle, end))
