"""What one worker process holds for its whole life: the ledger, the model, a client of its own."""

import gc
import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import structlog
from celery.signals import worker_process_init, worker_process_shutdown

from broker.address import address_of
from broker.client import Client
from broker.presence import OwnPresence
from logs import configure_logs
from recognizer.errors import RecognitionError
from recognizer.installed import runtime_for
from settings import load_settings

if TYPE_CHECKING:
    from db.engine import Database
    from worker.chunk import ReadChunk
    from worker.held_model import HeldModel

#: Tells a spawned child which kind of worker it belongs to; children inherit only the environment.
ROLE_VARIABLE = "DIGITS_WORKER_ROLE"
READER, TRAINER = "reader", "trainer"

_log = structlog.get_logger()


@dataclass(frozen=True)
class ReadingProcess:
    """What a pool child keeps.

    `unreleased` are the rows it claimed for messages that it gave up, by message. `unseen` are folders it looked for in
    vain.
    """

    database: "Database"
    model: "HeldModel"
    client: Client
    presence: OwnPresence
    unreleased: dict[str, list[int]] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)

    def release(self) -> None:
        """Release what could not be released while the database was away. Raises DatabaseUnavailable."""
        from db import claims  # noqa: PLC0415 - the pool's parent has no use for it

        for token, rows in list(self.unreleased.items()):
            claims.release(self.database, rows, token)
            del self.unreleased[token]

    def note(self, done: "ReadChunk") -> list[int]:
        """Remember which folders are not seen, until a file of theirs is read.

        Gives the rows of folders that are missed for the first time. They are enqueued again, for other workers. Later
        ones are left to their watcher: else their messages would go round for ever where no worker sees them.
        """
        self.unseen.difference_update(done.seen)
        missed = [row_id for row_id, folder in done.unseen.items() if folder not in self.unseen]
        self.unseen.update(done.unseen.values())
        return missed

    def doing(self) -> str:
        """Say in a few words which model reads, and which folders are not seen here."""
        reads = f"model {self.model.version}" if self.model.version else "no model"
        return reads + "".join(f", can't see {folder}" for folder in sorted(self.unseen))


@cache
def reading_process() -> ReadingProcess:
    """Make what this process keeps at the first call; give the same afterwards."""
    import worker.chunk  # noqa: F401, PLC0415 - the first file must not wait for it, the pool's parent has no use for it
    from db.engine import Database  # noqa: PLC0415 - likewise
    from worker.held_model import HeldModel  # noqa: PLC0415 - likewise

    settings = load_settings()
    client = Client(address_of(settings))
    model = HeldModel(settings.model_dir, runtime_for(settings.runtime))
    presence = OwnPresence(client, "worker", lambda: process.doing())  # noqa: PLW0108 - it is made below
    process = ReadingProcess(Database(settings.database_url), model, client, presence)
    return process


@worker_process_init.connect
def _start(**_: object) -> None:
    """Load the model before the first message, so that the first file waits for nothing."""
    configure_logs(load_settings().log_level)
    if os.environ.get(ROLE_VARIABLE) != READER:
        return
    gc.disable()  # what is made now stays, and need not be searched for garbage again and again
    try:
        process = reading_process()
        _load(process.model)
    finally:
        gc.freeze()
        gc.enable()
    process.presence.start()


def _load(model: "HeldModel") -> None:
    from worker.held_model import HOST_ERRORS  # noqa: PLC0415 - the pool's parent has no use for it

    try:
        model.current()
    except (RecognitionError, *HOST_ERRORS) as error:
        _log.debug("no model yet", why=str(error))  # the parent says it, once


@worker_process_shutdown.connect
def _end(exitcode: int = 0, **_: object) -> None:
    if os.environ.get(ROLE_VARIABLE) == READER:
        reading_process().presence.end()
        # The pool would tell its parent, which no longer listens when a worker ends, and give it a second to hear that.
        os._exit(exitcode)
