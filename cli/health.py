"""Tell whether all is well: what waits, who runs, and whether registering, sending or answering stands still."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice

from broker.address import Address, address_of
from broker.client import Client
from broker.errors import BrokerRefuses
from broker.presence import FAILED, Presence, present
from db import intake, moves, paths
from db.engine import Database
from db.halves import in_halves
from db.intake import LEASE_MS
from db.queries import (
    Balance,
    Unregistered,
    balance,
    has_folder,
    latest_answer_ms,
    not_registered,
    oldest_queued_ms,
)
from presentation.text import duration, plural, printable
from recognizer.contract import Card
from recognizer.errors import RecognitionError
from recognizer.installed import RuntimeName, runtime_for
from recognizer.versions import active_card
from settings import Settings
from watcher.folder import FileState, Folder
from watcher.selection import selection_of

#: Seconds after which waiting without progress is a stall: two claims, so that what a dead worker held comes first.
STALL_SECONDS = 2 * LEASE_MS / 1000
#: Seconds after which a file must be in the ledger. A rescan looks every 30 to 60.
REGISTER_SECONDS = 120.0
#: Seconds for which the folder is compared with the ledger: a folder of a million files is looked at in part.
LOOK_SECONDS = 0.5
#: Files compared with the ledger at a time.
_BATCH_FILES = 1000


@dataclass(frozen=True)
class State:
    """All that is known at one moment.

    `oldest_waits` and `silent` are the seconds for which the oldest queued file waits, and for which nothing was
    answered meanwhile. `unregistered` files lie in the folder, and are not in the ledger. `parts` and `messages` are
    None if the broker can't be used; `refusal` is the answer of one that is there. `card` is None if there is no model,
    and `no_model` says why.
    """

    folder: str
    balance: Balance
    oldest_waits: float
    silent: float
    unsent: bool
    unregistered: Unregistered
    parts: list[Presence] | None
    messages: int | None
    refusal: str | None
    card: Card | None
    no_model: str
    runtime: RuntimeName
    embedded: bool

    def ones(self, role: str) -> list[Presence]:
        """List who is present in one role."""
        return [one for one in self.parts or [] if one.role == role]

    @property
    def waiting(self) -> str:
        """Say that files wait: `1 file waits`, `12 files wait`."""
        return f"{plural(self.balance.waiting, 'file')} {'waits' if self.balance.waiting == 1 else 'wait'}"


def state_of(settings: Settings, database: Database) -> State:
    """Look at ledger, folder, broker and model. Raises DatabaseUnavailable. Read-only."""
    counted, oldest, latest = balance(database), oldest_queued_ms(database), latest_answer_ms(database)
    now = time.time()
    waited = now - oldest / 1000 if counted.waiting and oldest is not None else 0.0
    silent = min(waited, now - latest / 1000) if latest is not None else waited
    parts, messages, refusal = _broker(address_of(settings))
    card, no_model = _model(settings)
    return State(
        folder=printable(str(settings.folder)),
        balance=counted,
        oldest_waits=waited,
        silent=silent,
        unsent=silent > STALL_SECONDS and messages == 0 and _untried(database),
        unregistered=_unregistered(settings, database, parts),
        parts=parts,
        messages=messages,
        refusal=refusal,
        card=card,
        no_model=no_model,
        runtime=runtime_for(settings.runtime),
        embedded=not settings.redis_url,
    )


def trouble(state: State) -> str | None:
    """Name what stands still although there is work, or a balance that does not close; None if all is well."""
    if not state.balance.closes:
        return f"THE BALANCE DOES NOT CLOSE: the sum is {sum(state.balance.by_status.values()):,}"
    return _registering(state) or _sending(state) or _answering(state)


def _registering(state: State) -> str | None:
    count, reason = state.unregistered.files, state.unregistered.reason
    if not count:
        return None
    files = f"{plural(count, 'file')} in {state.folder} {'is' if count == 1 else 'are'} not in the ledger"
    missing = "" if state.ones("watcher") else ", and no watcher is running"
    return f"registering stands still: {files}{missing}" + (f" ({printable(reason)})" if reason else "")


def _sending(state: State) -> str | None:
    if state.oldest_waits <= STALL_SECONDS or _training(state):
        return None
    stall = f"sending stands still: {state.waiting}, the oldest for {duration(state.oldest_waits)}, and"
    if state.parts is None:
        return f"{stall} " + (state.refusal or "the broker can't be reached")
    if state.unsent and state.ones("worker") and not state.ones("watcher"):
        return f"{stall} no watcher is running"
    return None


def _answering(state: State) -> str | None:
    if state.oldest_waits <= STALL_SECONDS or _training(state):
        return None
    stall = f"answering stands still: {state.waiting}"
    if not state.ones("worker"):
        return f"{stall}, the oldest for {duration(state.oldest_waits)}, and no worker is running"
    if state.silent <= STALL_SECONDS:
        return None
    missing = "" if state.ones("watcher") else ", and no watcher is running"
    missing = missing if state.card else ", and there is no model to read with"
    return f"{stall}, nothing was answered for {duration(state.silent)}{missing}"


def _training(state: State) -> bool:
    """Whether the first model is being trained: files may wait for it for as long as that takes."""
    return state.card is None and any(not one.doing.startswith(FAILED) for one in state.ones("trainer"))


def _broker(address: Address) -> tuple[list[Presence] | None, int | None, str | None]:
    """List who is present, and count the messages; both are None if the broker can't be used.

    The last one is what a broker says that answers and refuses.
    """
    with closing(Client(address)) as client:
        parts, messages = present(client), client.waiting()
        if parts is not None and messages is not None:
            return parts, messages, None
        lost = client.trouble()
        return None, None, str(lost) if isinstance(lost, BrokerRefuses) else None


def _model(settings: Settings) -> tuple[Card | None, str]:
    try:
        return active_card(settings.model_dir), ""
    except RecognitionError as error:
        return None, str(error)


def _untried(database: Database) -> bool:
    """Whether no waiting file was ever tried: a message that was sent would have been taken long ago."""
    owed = intake.owed(database)
    return bool(owed.fresh) and not owed.tried


def _is_watched(settings: Settings, database: Database, parts: list[Presence] | None) -> bool:
    """Whether the files of our folder are meant to be in the ledger: a watcher here, or the ledger, knows the folder.

    Who runs `digits run FOLDER` need not name that folder for `digits status`. Ours is then another one.
    """
    folder = os.path.abspath(settings.folder)
    here = [one for one in parts or [] if one.role == "watcher" and one.host == socket.gethostname()]
    if here:
        return any(os.path.abspath(one.doing) == folder for one in here)
    return has_folder(database, paths.folder_text(settings.folder, database.url))


def _unregistered(settings: Settings, database: Database, parts: list[Presence] | None) -> Unregistered:
    """Count the folder's files that are not in the ledger, with the reason of the last one that was refused."""
    refused = not_registered(database, paths.folder_text(settings.folder, database.url))
    missed = _missed(settings, database) if _is_watched(settings, database, parts) else 0
    return Unregistered(max(missed, refused.files), refused.reason if refused.files else None)


def _missed(settings: Settings, database: Database) -> int:
    """Count the files that have been in the folder for long and are not in the ledger with this content.

    The folder may be another machine's. Then there is nothing to count.
    """
    folder, name = os.fsencode(settings.folder), paths.folder_text(settings.folder, database.url)
    until, found = time.monotonic() + LOOK_SECONDS, 0
    states = Folder(folder, selection_of(settings)).scan()
    while time.monotonic() < until and (batch := list(islice(states, _BATCH_FILES))):
        changes, refused = in_halves([one.seen() for one in batch], partial(moves.changed, database, name))
        missing = {change.file.path for change in changes if not change.touched}
        missing |= {refusal.item.path for refusal in refused}
        found += sum(1 for _ in _settled(folder, (one for one in batch if paths.to_text(one.path) in missing)))
    return found


def _settled(folder: bytes, states: Iterator[FileState]) -> Iterator[FileState]:
    """Pick the files that neither came nor changed lately."""
    for state in states:
        try:
            changed = os.lstat(os.path.join(folder, state.path)).st_ctime
        except OSError:
            continue
        if time.time() - changed > REGISTER_SECONDS:
            yield state
