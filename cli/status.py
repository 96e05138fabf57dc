"""Show whether all is accounted for: the balance, what waits, who runs, which model reads; and tell if it stalls."""

import time
from contextlib import closing
from dataclasses import dataclass

from rich.text import Text

from broker.address import Address, address_of
from broker.client import Client
from broker.connection import answers
from broker.errors import BrokerUnavailable
from broker.presence import FAILED, Presence, present
from cli.ledger import opened
from db.intake import LEASE_MS
from db.queries import Balance, balance, latest_answer_ms, oldest_queued_ms
from presentation.text import COLOURS, duration, percent, plural, printable, stdout
from recognizer.contract import Card
from recognizer.errors import RecognitionError
from recognizer.versions import active_card
from settings import Settings

#: Seconds after which waiting without an answer is a stall: two claims, so that what a dead worker held comes first.
STALL_SECONDS = 2 * LEASE_MS / 1000
_ROLES = ("watcher", "worker", "trainer")
#: Columns of the names on the left.
_NAME = 10


@dataclass(frozen=True)
class _Queue:
    """What waits: how many files, and for how many seconds the oldest waits and nothing was answered meanwhile."""

    files: int
    waited: float
    silent: float

    @property
    def wait(self) -> str:
        """Say that they wait: `1 file waits`, `12 files wait`."""
        return f"{plural(self.files, 'file')} {'waits' if self.files == 1 else 'wait'}"


def show_status(settings: Settings) -> int:
    """Print the state of everything; give 1 if the balance does not close or the system stalls. Raises LedgerError.

    0 means that all is well: nothing waits, or what waits is being answered, or has not waited for long.
    """
    with opened(settings.database_url) as database:
        counted, oldest, latest = balance(database), oldest_queued_ms(database), latest_answer_ms(database)
    queue = _queue(counted.queued, oldest, latest)
    address = address_of(settings)
    parts = _parts(address)
    model, card = _model_line(settings)
    stall = _stall(queue, parts, readable=card is not None)
    lines = [
        *_balance_lines(counted, queue),
        Text(),
        *_part_lines(parts, _refusal(parts, address), embedded=not settings.redis_url),
        model,
    ]
    if stall:
        lines += [Text(), Text(f"stalled: {queue.wait}, {stall}", "bold red")]
    elif queue.files and not _ones("worker", parts):
        lines += [Text(), Text(f"{queue.wait} and no worker is running: start `digits run`", "yellow")]
    console = stdout()
    for line in lines:
        console.print(line, soft_wrap=True)
    return 0 if counted.closes and not stall else 1


def _queue(files: int, oldest: int | None, latest: int | None) -> _Queue:
    now = time.time()
    waited = now - oldest / 1000 if files and oldest is not None else 0.0
    return _Queue(files, waited, min(waited, now - latest / 1000) if latest is not None else waited)


def _stall(queue: _Queue, parts: list[Presence] | None, *, readable: bool) -> str | None:
    """Say why what waits is not being read, in a few words; None if all is well."""
    if queue.waited <= STALL_SECONDS or (not readable and _training(parts)):
        return None
    if not _ones("worker", parts):
        missing = "no worker is running" if parts is not None else "the broker can't be reached"
        return f"the oldest for {duration(queue.waited)}, and {missing}"
    if queue.silent <= STALL_SECONDS:
        return None
    missing = "" if _ones("watcher", parts) else ", and no watcher is running"
    missing = missing if readable else ", and there is no model to read with"
    return f"nothing was answered for {duration(queue.silent)}{missing}"


def _ones(role: str, parts: list[Presence] | None) -> list[Presence]:
    return [one for one in parts or [] if one.role == role]


def _training(parts: list[Presence] | None) -> bool:
    """Whether a model is being trained; what waits for the first one may wait for as long as that takes."""
    return any(not one.doing.startswith(FAILED) for one in _ones("trainer", parts))


def _balance_lines(counted: Balance, queue: _Queue) -> list[Text]:
    width = len(f"{counted.seen:,}")
    lines = [
        Text.assemble((f"{status:<{_NAME}}", COLOURS[status]), f"{count:>{width},}")
        for status, count in counted.by_status.items()
    ]
    if queue.files:
        lines[0].append(f"  the oldest for {duration(queue.waited)}", "dim")
    verdict = ("  the balance closes", "green")
    if not counted.closes:
        total = sum(counted.by_status.values())
        verdict = (f"  THE BALANCE DOES NOT CLOSE: the sum is {total:,}", "bold red")
    return [*lines, Text.assemble((f"{'seen':<{_NAME}}{counted.seen:>{width},}", "bold"), verdict)]


def _parts(address: Address) -> list[Presence] | None:
    """List who is present; None if the broker is out of reach."""
    try:
        with closing(Client(address)) as client:
            return present(client)
    except BrokerUnavailable:
        return None


def _refusal(parts: list[Presence] | None, address: Address) -> str | None:
    """Say why a broker that answers does not tell who is present; None if it does, or does not answer."""
    if parts is not None or not answers(address.url):
        return None
    with closing(Client(address)) as client:
        return client.trouble()


def _part_lines(parts: list[Presence] | None, refusal: str | None, *, embedded: bool) -> list[Text]:
    if parts is None:
        absent = "not running; `digits run` starts it" if embedded else "DIGITS_REDIS_URL can't be reached"
        return [_named("broker", refusal or absent, "yellow")]
    lines = [_named("broker", "embedded" if embedded else "DIGITS_REDIS_URL", "")]
    for role in _ROLES:
        ones = _ones(role, parts)
        lines += [_named(role, f"{printable(one.doing)} ({printable(one.host)}, process {one.pid})") for one in ones]
        if not ones and role != "trainer":
            lines.append(_named(role, "none is running", "yellow"))
    return lines


def _model_line(settings: Settings) -> tuple[Text, Card | None]:
    try:
        card = active_card(settings.model_dir)
    except RecognitionError as error:
        return _named("model", f"{error}: `digits run` or `digits train` makes one", "yellow"), None
    return _named("model", _described(card)), card


def _described(card: Card) -> str:
    return f"version {card.version}, {card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right"


def _named(name: str, what: str, style: str = "") -> Text:
    return Text.assemble((f"{name:<{_NAME}}", "bold"), (what, style))
