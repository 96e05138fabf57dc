"""The lock that runs, trainings and publications share."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lock import locked


def test_a_lock_that_somebody_has_is_refused_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "missing" / ".lock"
    with locked(path, wait=False), pytest.raises(BlockingIOError):
        locked(path, wait=False)
    locked(path, wait=False).close()


def test_who_waits_gets_the_lock_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with ThreadPoolExecutor() as pool, locked(path, wait=False):
        waiting = pool.submit(locked, path, wait=True)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
    waiting.result().close()
