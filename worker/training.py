"""The trainer's side of a training: train, publish, ring for the rows that waited."""

import structlog

import broker
from db import intake
from db.engine import Database
from db.errors import LedgerError
from settings import load_settings
from trainer.errors import TrainingError
from trainer.train import needed, train
from worker.client import Client
from worker.presence import FAILED, Beat

_log = structlog.get_logger()


def train_and_ring(architecture: str, epochs: int | None, *, force: bool, only_if_needed: bool) -> None:
    """Train in this process. A failure is one log line; whoever still needs the model asks again."""
    settings = load_settings()
    if only_if_needed and needed(settings.model_dir) is None:
        return
    client = Client(broker.url_for(settings.redis_url, settings.var_dir))
    doing = "starting"

    def report(progress: object) -> None:
        nonlocal doing
        doing = str(progress)
        beat.now()

    beat = Beat(client.redis, "trainer", lambda: doing)
    beat.start()
    try:
        published = train(
            settings.model_dir, architecture=architecture, epochs=epochs, mnist_path=settings.mnist_path,
            force=force, on_progress=report,
        )  # fmt: skip
        _log.info("training ended", outcome=str(published))
        _ring_for_waiting(client, Database(settings.database_url))
    except (TrainingError, LedgerError) as error:
        _log.error("training failed", why=str(error))
        report(f"{FAILED}{error}")
    else:
        beat.end()


def _ring_for_waiting(client: Client, database: Database) -> None:
    owed = intake.owed(database)
    client.ring(owed.fresh)
    client.ring_alone(owed.tried)
    database.close()
