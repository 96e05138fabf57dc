"""Kill what runs, again and again, while files are dropped."""

import random
import time
from collections.abc import Callable

import pytest

from tests.abuse.harness import PICTURE, Abused, Record

pytestmark = [pytest.mark.abuse, pytest.mark.long]

FILES = 10_000
KILLS = 20


def drop(abused: Abused, files: int, kills: int, what: str) -> int:
    """Drop files at a steady pace and kill so many processes meanwhile; give the kills that hit."""
    hit, moments = 0, sorted(random.Random(1).sample(range(files), kills))  # noqa: S311 - no secret
    for number in range(files):
        (abused.inbox / f"{number}.png").write_bytes(PICTURE)
        while moments and number >= moments[0]:
            moments.pop(0)
            hit += abused.kill(what)
            time.sleep(1.0)  # so that the kills come while there is something to kill
    return hit


@pytest.mark.parametrize(
    ("what", "name"),
    [("cli.main worker", "the worker"), ("spawn_main", "a reading process"), ("cli.main watch", "the watcher")],
)
def test_no_file_is_lost_however_often_it_is_killed(
    abused: Abused, record: Record, eventually: Callable[..., None], what: str, name: str
) -> None:
    abused.place.start("run", "--workers", "2")
    (abused.inbox / "first.png").write_bytes(PICTURE)
    eventually(lambda: abused.answered() == 1, 120)
    hit = drop(abused, FILES, KILLS, what)
    abused.require_balance(FILES + 1)
    assert hit >= KILLS // 2
    assert "failed" not in abused.counts()
    record(f"{FILES:,} drops", f"kill -9 of {name}, {hit} times", FILES + 1 - abused.answered())
