"""The start of a reading process."""

import gc

import pytest
from celery.signals import worker_process_init

from worker import process


def test_a_start_that_fails_leaves_the_search_for_garbage_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery logs what went wrong, and the process lives on."""
    searched: list[bool] = []

    def fail() -> None:
        searched.append(gc.isenabled())
        raise OSError("no room")

    monkeypatch.setenv(process.ROLE_VARIABLE, process.READER)
    monkeypatch.setattr(process, "configure_logs", lambda _level: None)
    monkeypatch.setattr(process, "reading_process", fail)
    try:
        worker_process_init.send(sender=None)
        assert searched == [False]
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()
