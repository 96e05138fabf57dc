"""What the floor and every peer do with a chunk of files: read it with our recognizer, write a row for each file.

The peers register every file before the work, and answer its row. The floor only inserts.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from bench.processes import wait_for
from db.engine import Database
from recognizer.installed import RuntimeName
from recognizer.model import load_model
from recognizer.reader import prepare_file, read
from recognizer.reading import Reading
from recognizer.versions import active_version

#: Files in a chunk, as many as Digit Inbox names in one message.
CHUNK_FILES = 256
#: Seconds a backlog may take before a contender is given up.
MOST_SECONDS = 1800

#: A row without a verdict is a file that waits, so that nobody has to remember which ones were read.
_TABLE = (
    text(
        "CREATE TABLE IF NOT EXISTS readings"
        " (path TEXT PRIMARY KEY, reading TEXT, confidence REAL, verdict TEXT, probabilities TEXT)"
    ),
    text("CREATE INDEX IF NOT EXISTS waiting ON readings (path) WHERE verdict IS NULL"),
)
_REGISTER = text("INSERT INTO readings (path) VALUES (:path)")
_ANSWER = text(
    "INSERT INTO readings VALUES (:path, :reading, :confidence, :verdict, :probabilities)"
    " ON CONFLICT (path) DO UPDATE SET reading = excluded.reading, confidence = excluded.confidence,"
    " verdict = excluded.verdict, probabilities = excluded.probabilities"
)
_WAITING = text("SELECT 1 FROM readings WHERE verdict IS NULL LIMIT 1")


@dataclass(frozen=True)
class Backlog:
    """A folder of files to read in several processes, the model to read them with, and an empty folder for the rows."""

    folder: Path
    place: Path
    model_dir: Path
    runtime: RuntimeName
    processes: int

    def paths(self) -> list[str]:
        """Give the path of every file, sorted."""
        return sorted(entry.path for entry in os.scandir(self.folder))

    def chunks(self) -> list[list[str]]:
        """Give all paths in chunks."""
        paths = self.paths()
        return [paths[start : start + CHUNK_FILES] for start in range(0, len(paths), CHUNK_FILES)]

    def database(self) -> Database:
        """Give the rows' database, which has the ledger's own settings; makes its table."""
        database = Database(f"sqlite:///{self.place / 'readings.db'}")
        database.prepare_folder()
        with database.writing() as connection:
            for statement in _TABLE:
                connection.execute(statement)
        return database

    def register(self) -> list[list[str]]:
        """Write a row that waits for every file, as a ledger does before the work; give their paths in chunks."""
        database = self.database()
        with database.writing() as connection:
            connection.execute(_REGISTER, [{"path": path} for path in self.paths()])
        database.close()
        return self.chunks()

    def announce(self) -> None:
        """Say that this process has its model."""
        (self.place / f"{os.getpid()}.ready").touch()

    def announced(self) -> set[int]:
        """Give the ids of the processes that have their model."""
        return {int(path.stem) for path in self.place.glob("*.ready")}

    def wait_until_ready(self) -> None:
        """Wait until all reading processes have their model."""
        wait_for(lambda: len(self.announced()) == self.processes)

    def wait_until_read(self) -> None:
        """Wait until no registered file waits any more."""
        database = self.database()

        def waiting() -> bool:
            with database.reading() as connection:
                return connection.execute(_WAITING).first() is not None

        wait_for(lambda: not waiting(), seconds=MOST_SECONDS, pause=0.02)
        database.close()

    def require_all_read(self) -> None:
        """Raise RuntimeError unless every file has its row, and only one."""
        database = self.database()
        with database.reading() as connection:
            found = sorted(connection.execute(text("SELECT path FROM readings WHERE verdict IS NOT NULL")).scalars())
        database.close()
        if found != self.paths():
            raise RuntimeError(f"{len(found)} rows in {self.place}, and not one for each file")


class ChunkReader:
    """One reading process's model and its door to the rows. Loads the model at once and announces it."""

    def __init__(self, backlog: Backlog) -> None:
        self._model = load_model(backlog.model_dir, active_version(backlog.model_dir), backlog.runtime)
        self._database = backlog.database()
        backlog.announce()

    def read(self, paths: Sequence[str]) -> list[Reading]:
        """Read the files and write a row for each. Commits."""
        readings = read([prepare_file(os.fsencode(path)).prepared for path in paths], self._model)
        with self._database.writing() as connection:
            connection.execute(_ANSWER, [_row(path, one) for path, one in zip(paths, readings, strict=True)])
        return readings


def _row(path: str, reading: Reading) -> dict[str, object]:
    return {
        "path": path,
        "reading": reading.text,
        "confidence": reading.confidence,
        "verdict": reading.verdict.value,
        "probabilities": json.dumps([digit.probabilities for digit in reading.digits]),
    }
