"""Read one message's rows: claim them, open and prepare the files, call the model once, answer in one transaction."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import URL

from db import claims, paths
from db.claims import Answer, Claim, ClaimedFile, DigitRow
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.tables import Status
from logs import Outage
from recognizer.errors import HostFailed, Inaccessible, UnreadableImage
from recognizer.reader import Model, PreparedFile, prepare_file, read
from recognizer.reading import Reading
from worker.watchdog import ANSWERED_EXIT, Watchdog

#: Seconds of opening and preparing after which a chunk answers what it has, and its other rows are enqueued again. Far
#: below the hard limit: only a single file that hangs can reach that.
BUDGET_SECONDS = 5.0
#: Seconds that opening and preparing one file may take: far above the two that any picture takes, below the hard limit.
FILE_SECONDS = 20.0
TOO_SLOW = f"reading it took more than {FILE_SECONDS:g} seconds"
#: Bytes of prepared pictures after which a chunk does the same: a large page takes 19 MB.
MOST_MEMORY = 48_000_000
#: Seconds after its last change in which a file that can't be read is looked at again: it may still be growing.
GROWING_SECONDS = 3.0
#: Pauses, in seconds, before the answers of a chunk are written again to a database that refused them.
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
#: Seconds after which no further try is made. A database that is away may hold up a try for most of a minute. The hard
#: limit must not end a process that only waits for it.
INSIST_SECONDS = 16.0

_log = structlog.get_logger()
_folder = Outage("the watched folder is not here, its files are enqueued again later", "the watched folder is here")


@dataclass
class ReadChunk:
    """What became of a message: the number of rows answered, and rows to enqueue again, together or each alone.

    The `unseen` ones are for another worker: their folder, which each comes with, is not on this host.
    """

    answered: int = 0
    rest: list[int] = field(default_factory=list)
    unseen: dict[int, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    alone: list[int] = field(default_factory=list)


def read_chunk(
    database: Database, model: Model, ids: Sequence[int], token: str, *, redelivered: bool = False
) -> ReadChunk:
    """Answer the rows `ids` that still wait. Commits. Raises DatabaseUnavailable, with rows that are still claimed.

    If lack of memory or a stop ends it early, its rows are released first. After any other error their attempt counts.
    """
    version = model.card.version
    claim = claims.claim(database, ids, token, model_version=version, redelivered=redelivered)
    _log_deaths(claim)
    try:
        return _read_claimed(database, model, claim, token)
    except DatabaseUnavailable:
        raise  # it would not take a release either
    except BaseException as error:
        rows = [file.id for file in claim.files]
        if isinstance(error, Exception) and not isinstance(error, MemoryError):
            claims.postpone(database, rows, token, claims.UNANSWERED)
        else:
            claims.release(database, rows, token)
        raise


def _read_claimed(database: Database, model: Model, claim: Claim, token: str) -> ReadChunk:
    done = ReadChunk(alone=claim.alone)
    opened = _Opened(database.url)
    stop = time.monotonic() + BUDGET_SECONDS
    watchdog = Watchdog[ClaimedFile](FILE_SECONDS, lambda file: _end_process(database, claim, file, token))
    with watchdog:
        for number, file in enumerate(claim.files):
            if number and (time.monotonic() > stop or opened.memory > MOST_MEMORY):
                done.rest = [later.id for later in claim.files[number:]]
                break
            watchdog.begin(file)
            opened.add(file)
    answers = opened.answers(model)
    done.answered = _insistently(lambda: claims.answer(database, token, answers))
    for why, rows in opened.postponed.items():
        claims.postpone(database, rows, token, why)
    done.unseen, done.seen = opened.unseen, opened.seen
    claims.release(database, [*done.unseen, *done.rest], token)
    return done


def _log_deaths(claim: Claim) -> None:
    """Log a line for every row that was with a process that died."""
    for row_id in claim.died:
        if row_id in claim.alone:
            _log.warning("a reader died on it or on a file beside it, it is enqueued alone", row=row_id)
        else:
            then = "it is tried again" if claim.files else "it is failed"
            _log.warning(f"a reader died on it, {then}", row=row_id)


def _end_process(database: Database, claim: Claim, slow: ClaimedFile, token: str) -> None:
    """Answer for a file that holds its reader, give its neighbours back, and end the reader: nothing else stops it."""
    _log.error("a file took too long, its reader ends", row=slow.id, seconds=FILE_SECONDS)
    code = 1
    try:
        claims.answer(database, token, [Answer(slow.id, Status.FAILED, reason=TOO_SLOW)])
        code = ANSWERED_EXIT
        claims.release(database, [file.id for file in claim.files if file is not slow], token)
    finally:
        os._exit(code)


class _Opened:
    """The files of a chunk after opening: ready for the model, failed, postponed, or in a folder not seen here."""

    def __init__(self, ledger: URL) -> None:
        self._ledger = ledger
        self._ready: list[tuple[ClaimedFile, PreparedFile]] = []
        self._failed: list[Answer] = []
        self.postponed: dict[str, list[int]] = {}
        self.unseen: dict[int, str] = {}
        self.seen: set[str] = set()
        self.memory = 0

    def add(self, file: ClaimedFile) -> None:
        """Open and prepare one file; an error becomes its reason."""
        folder = paths.folder_path(file.folder, self._ledger)
        if folder is None:
            self._miss(file)
            return
        try:
            prepared = prepare_file(paths.to_bytes(file.path), below=folder)
        except Inaccessible as error:
            if self._is_here(file, folder):
                self._fail(file, str(error))
        except HostFailed as error:
            if self._is_here(file, folder):
                _log.warning("the host failed to read a file, it is tried again", row=file.id, why=str(error))
                self._postpone(file, f"the host failed to read it {claims.MAX_ATTEMPTS} times: {error}")
        except Exception as error:  # noqa: BLE001 - the task boundary: a neighbour must not suffer
            self._fail_unless_growing(file, error)
        else:
            _folder.back()
            # One that holds still is answered, in any state that the watcher saw: no row may wait for another look.
            if file.is_unchanged(prepared.size, prepared.mtime_ns) or not _grows(prepared.mtime_ns):
                self._ready.append((file, prepared))
                self.memory += prepared.prepared.memory
            else:
                self._postpone(file, claims.UNSTEADY)
        if file.id not in self.unseen:
            self.seen.add(file.folder)

    def answers(self, model: Model) -> list[Answer]:
        """Run the model once over everything prepared; should that fail, over each file alone."""
        try:
            return _answers(self._ready, model) + self._failed
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("reading together failed, each is read alone", why=repr(error), files=len(self._ready))
        found = [answer for file, prepared in self._ready for answer in self._answer_alone(file, prepared, model)]
        return found + self._failed

    def _answer_alone(self, file: ClaimedFile, prepared: PreparedFile, model: Model) -> list[Answer]:
        try:
            return _answers([(file, prepared)], model)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail_unless_growing(file, error)
            return []

    def _is_here(self, file: ClaimedFile, folder: bytes) -> bool:
        if os.path.isdir(folder):
            return True
        self._miss(file)  # not mounted on this host, where another worker may have it: its files are not gone
        return False

    def _miss(self, file: ClaimedFile) -> None:
        _folder.lost(file.folder)
        self.unseen[file.id] = file.folder

    def _postpone(self, file: ClaimedFile, why: str) -> None:
        self.postponed.setdefault(why, []).append(file.id)

    def _fail_unless_growing(self, file: ClaimedFile, error: Exception) -> None:
        if _grows(file.mtime_ns):
            self._postpone(file, claims.UNSTEADY)
        else:
            self._fail(file, _reason(file, error))

    def _fail(self, file: ClaimedFile, reason: str) -> None:
        _log.info("file failed", row=file.id, why=reason)
        self._failed.append(Answer(file.id, Status.FAILED, reason=reason))


def _grows(mtime_ns: int) -> bool:
    return 0 <= time.time() - mtime_ns / 1e9 < GROWING_SECONDS


def _reason(file: ClaimedFile, error: Exception) -> str:
    if isinstance(error, UnreadableImage):
        return str(error)
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    _log.error("reader failed", row=file.id, exc_info=error)
    return f"the reader failed on it ({type(error).__name__})"


def _answers(ready: Sequence[tuple[ClaimedFile, PreparedFile]], model: Model) -> list[Answer]:
    readings = read([prepared.prepared for _, prepared in ready], model)
    version = model.card.version
    return [
        _answer(file, prepared, reading, version) for (file, prepared), reading in zip(ready, readings, strict=True)
    ]


def _answer(file: ClaimedFile, prepared: PreparedFile, reading: Reading, version: int) -> Answer:
    return Answer(
        id=file.id,
        status=Status(reading.verdict.value),
        reason=reading.reason,
        reading=reading.text or None,
        confidence=reading.confidence if reading.digits else None,
        model_version=version,
        hash=prepared.digest,
        dark_on_light=prepared.prepared.dark_on_light,
        digits=tuple(
            DigitRow(
                digit.label,
                digit.confidence,
                (digit.box.left, digit.box.top, digit.box.width, digit.box.height),
                digit.probabilities,
            )
            for digit in reading.digits
        ),
        written=reading.written or None,
    )


def _insistently(write: Callable[[], int]) -> int:
    """Write answers, which took work to find, again for some seconds before they are given up."""
    end = time.monotonic() + INSIST_SECONDS
    for pause in BACKOFF_SECONDS:
        try:
            return write()
        except DatabaseUnavailable as error:
            if time.monotonic() + pause > end:
                raise
            _log.warning("answers not written yet", why=str(error), again_in=pause)
            time.sleep(pause)
    return write()
