"""Celery's pool of reading processes, which tells of deaths, answers, and what the processes lack.

What is private in Celery (5.7) and billiard here has its tests in tests/integration/test_seams.py.
"""

from collections.abc import Callable
from typing import Any

from billiard.pool import EX_OK, EX_RECYCLE
from celery.concurrency import asynpool, prefork

from worker.breaker import Breaker
from worker.waits import Waits
from worker.watchdog import ANSWERED_EXIT


def telling_pool(breaker: Breaker, waits: Waits) -> type[prefork.TaskPool]:
    """Give a pool class that tells both what its processes do, and replaces none while the breaker is open."""

    class Processes(asynpool.AsynPool):  # type: ignore[misc]  # Celery has no types
        def _join_exited_workers(self, shutdown: bool = False) -> list[int]:  # noqa: FBT001, FBT002 - as billiard has it
            exit_codes: list[int] = super()._join_exited_workers(shutdown)
            for code in exit_codes:
                if code == ANSWERED_EXIT:
                    breaker.answered()
                elif code not in (EX_OK, EX_RECYCLE):
                    breaker.died()
            return exit_codes

        def _repopulate_pool(self, exitcodes: list[int]) -> None:
            if not breaker.open:
                super()._repopulate_pool(exitcodes)

    class Pool(prefork.TaskPool):  # type: ignore[misc]  # likewise
        Pool = Processes

        def apply_async(self, *args: Any, callback: Callable[[Any], None], **options: Any) -> Any:  # noqa: ANN401 - likewise
            def told(result: tuple[int, str, float]) -> None:
                failed, given, _ = result
                number = 0 if failed or given == "None" else int(given)
                if number > 0:
                    breaker.answered()
                callback(result)
                waits.gave(number)

            return super().apply_async(*args, callback=told, **options)

    return Pool
