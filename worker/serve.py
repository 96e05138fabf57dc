"""Run a worker in the foreground: reading processes that hold the model, or the one that trains."""

import logging
import os
import socket
import sys
import warnings
from typing import Any

from celery.exceptions import CPendingDeprecationWarning

from broker.address import address_of
from broker.client import Client
from broker.message import READING_QUEUE, TRAINING_QUEUE
from broker.presence_file import PresenceFile
from logs import configure_logs
from settings import Settings
from worker.app import make_app
from worker.breaker import Breaker
from worker.pool import telling_pool
from worker.process import READER, ROLE_VARIABLE, TRAINER
from worker.steps import PatienceStep, WakeStep, presence_step, taking_step
from worker.waits import Waits


def serve(settings: Settings, *, processes: int, trains: bool) -> None:
    """Work until SIGTERM or SIGINT, then finish the claimed chunk and end. Does not return before."""
    os.environ[ROLE_VARIABLE] = TRAINER if trains else READER
    configure_logs(settings.log_level)
    logging.captureWarnings(True)  # noqa: FBT003 - they become log lines too
    warnings.simplefilter("ignore", CPendingDeprecationWarning)  # Celery's, at each lost connection, of what we chose
    address = address_of(settings)
    app = make_app(address, events=settings.events)
    app.steps["consumer"] |= {WakeStep, PatienceStep}
    if settings.presence_file:
        app.steps["consumer"].add(presence_step(PresenceFile(settings.presence_file)))
    pool: Any = "prefork"
    if not trains:
        breaker, waits = Breaker(settings.model_dir), Waits(settings.model_dir)
        app.steps["consumer"].add(taking_step(breaker, waits, Client(address)))
        pool = telling_pool(breaker, waits)
    worker = app.Worker(  # what `celery worker` runs, without the command line's libraries
        hostname=f"{os.environ[ROLE_VARIABLE]}-{os.getpid()}@{socket.gethostname()}",
        pool_cls=pool,
        concurrency=1 if trains else processes,
        queues=[TRAINING_QUEUE if trains else READING_QUEUE],
        max_tasks_per_child=1 if trains else None,  # a training's memory goes back when it ends
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=not settings.events,
    )
    sys.argv[0] = "celery"
    worker.start()
    sys.exit(worker.exitcode)
