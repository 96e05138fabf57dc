"""The start of a reading process."""

import os
import subprocess
import sys

from tests.place import ROOT
from worker import process

#: Starts as a pool's child does, makes an object that refers to itself and many more, and tells whether it is left.
START = """
import weakref
from celery.signals import worker_process_init
import worker.process

class Loop:
    def __init__(self):
        self.itself = self

worker_process_init.send(sender=None)
gone = weakref.ref(Loop())
kept = [[] for _ in range(100_000)]
print("left" if gone() else "collected")
"""


def test_after_a_start_that_fails_garbage_is_collected() -> None:
    """Celery logs what went wrong, and the process lives on."""
    environment = os.environ | {
        process.ROLE_VARIABLE: process.READER,
        "DIGITS_DATABASE_URL": "mysql://nowhere/digits",
    }
    command = [sys.executable, "-c", START]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "the database URL 'mysql://nowhere/digits' can't be used" in ended.stderr
    assert ended.stdout == "collected\n"
