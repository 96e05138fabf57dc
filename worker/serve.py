"""Run a worker in the foreground: reading processes that hold the model, or the one that trains."""

import logging
import os
import sys

import broker
from settings import Settings
from worker.app import READING_QUEUE, TRAINING_QUEUE, make_app
from worker.logs import configure_logs
from worker.process import READER, ROLE_VARIABLE, TRAINER


def serve(settings: Settings, *, processes: int, trains: bool) -> None:
    """Work until SIGTERM or SIGINT, then finish the chunk in hand and end. Does not return before."""
    os.environ[ROLE_VARIABLE] = TRAINER if trains else READER
    configure_logs(settings.log_level)
    logging.captureWarnings(True)  # noqa: FBT003 - they become log lines too
    app = make_app(broker.url_for(settings.redis_url, settings.var_dir))
    arguments = [
        "--quiet", "worker",
        "--pool=prefork", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING",
        f"--concurrency={1 if trains else processes}",
        f"--queues={TRAINING_QUEUE if trains else READING_QUEUE}",
        f"--hostname={os.environ[ROLE_VARIABLE]}-{os.getpid()}@%h",
    ]  # fmt: skip
    if trains:
        arguments.append("--max-tasks-per-child=1")  # a training's memory goes back when it ends
    sys.argv[0] = "celery"
    app.worker_main(arguments)
