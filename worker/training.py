"""The trainer's side of a training: train, publish, enqueue the rows that waited."""

import structlog

from broker import notice
from broker.address import address_of
from broker.client import Client
from broker.presence import FAILED, OwnPresence
from db import intake
from db.engine import Database
from db.errors import LedgerError
from settings import load_settings
from trainer.errors import TrainingBusy, TrainingError
from trainer.fit import Progress
from trainer.gate import needed
from trainer.train import train

_log = structlog.get_logger()


def train_and_enqueue(epochs: int | None, *, only_if_needed: bool) -> None:
    """Train in this process. A failure is one log line; whoever still needs the model asks again."""
    settings = load_settings()
    if only_if_needed and needed(settings.model_dir) is None:
        return
    client = Client(address_of(settings))
    news = _News(client)
    notice.tell("")
    try:
        published = train(
            settings.model_dir,
            epochs=epochs,
            mnist_path=settings.mnist_path,
            on_progress=news.progress,
        )
    except TrainingBusy as error:
        _log.warning("training dropped", why=str(error))
        news.end()
        return
    except TrainingError as error:
        _log.error("training failed", why=str(error))
        news.say(f"{FAILED}{error}")
        notice.tell(str(error))
        return
    _log.info("training ended", version=published.card.version, verdict=published.verdict.reason)
    news.end()
    try:
        _enqueue_waiting(client, Database(settings.database_url))
    except LedgerError as error:
        _log.error("the ledger is out of reach, its rows are enqueued again later", why=str(error))


class _News:
    """Tells through this trainer's presence how far the training is."""

    def __init__(self, client: Client) -> None:
        self._doing = "loading MNIST"
        self._presence = OwnPresence(client, "trainer", lambda: self._doing)
        self._presence.start()
        self.end = self._presence.end

    def say(self, doing: str) -> None:
        """Say something else from now on."""
        if doing != self._doing:
            self._doing = doing
            self._presence.announce()

    def progress(self, state: Progress) -> None:
        """Say which epoch it is and how many minutes are left."""
        self.say(f"epoch {state.epoch} of {state.epochs}, {1 + int(state.seconds_left // 60)} min left")


def _enqueue_waiting(client: Client, database: Database) -> None:
    owed = intake.owed(database)
    client.enqueue(owed.fresh)
    client.enqueue_alone(owed.tried)
    database.close()
