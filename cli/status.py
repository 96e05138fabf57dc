"""Show whether all is accounted for: the balance, what waits, who runs, which model reads."""

import time

import redis
from rich.text import Text

import broker
from cli.ledger import opened
from cli.text import COLOURS, duration, percent, plural, printable, stdout
from db.queries import Balance, balance, oldest_queued_ms
from recognizer.contract import Card
from recognizer.errors import RecognitionError
from recognizer.model import active_card
from settings import Settings
from worker.presence import Presence, alive

_ROLES = ("watcher", "worker", "trainer")
#: Columns of the names on the left.
_NAME = 10


def show_status(settings: Settings) -> int:
    """Print the state of everything; give 1 if the balance does not close, else 0. Raises LedgerError."""
    with opened(settings.database_url) as database:
        counted, oldest = balance(database), oldest_queued_ms(database)
    present = _present(broker.url_for(settings.redis_url, settings.var_dir))
    lines = [*_balance_lines(counted, oldest), Text(), *_part_lines(present, embedded=not settings.redis_url)]
    lines += [_model_line(settings)]
    if counted.queued and not any(one.role == "worker" for one in present or []):
        verb = "waits" if counted.queued == 1 else "wait"
        lines += [
            Text(),
            Text(f"{plural(counted.queued, 'file')} {verb} and no worker is running: start `digits run`", "yellow"),
        ]
    console = stdout()
    for line in lines:
        console.print(line, soft_wrap=True)
    return 0 if counted.closes else 1


def _balance_lines(counted: Balance, oldest: int | None) -> list[Text]:
    width = len(f"{counted.seen:,}")
    lines = [
        Text.assemble((f"{status:<{_NAME}}", COLOURS[status]), f"{count:>{width},}")
        for status, count in counted.by_status.items()
    ]
    if oldest is not None:
        lines[0].append(f"  the oldest for {duration(time.time() - oldest / 1000)}", "dim")
    verdict = ("  the balance closes", "green")
    if not counted.closes:
        total = sum(counted.by_status.values())
        verdict = (f"  THE BALANCE DOES NOT CLOSE: the sum is {total:,}", "bold red")
    return [*lines, Text.assemble((f"{'seen':<{_NAME}}{counted.seen:>{width},}", "bold"), verdict)]


def _present(url: str) -> list[Presence] | None:
    """List who is alive; None if the broker is out of reach."""
    try:
        return alive(broker.connect(url))
    except (redis.RedisError, broker.BrokerUnavailable):
        return None


def _part_lines(present: list[Presence] | None, *, embedded: bool) -> list[Text]:
    if present is None:
        why = "not running; `digits run` starts it" if embedded else "DIGITS_REDIS_URL can't be reached"
        return [_named("broker", why, "yellow")]
    lines = [_named("broker", "embedded" if embedded else "DIGITS_REDIS_URL", "")]
    for role in _ROLES:
        ones = [one for one in present if one.role == role]
        lines += [_named(role, f"{printable(one.doing)} ({printable(one.host)}, process {one.pid})") for one in ones]
        if not ones and role != "trainer":
            lines.append(_named(role, "none is running", "yellow"))
    return lines


def _model_line(settings: Settings) -> Text:
    try:
        return _named("model", _described(active_card(settings.model_dir)))
    except RecognitionError as error:
        return _named("model", f"{error}: `digits run` or `digits train` makes one", "yellow")


def _described(card: Card) -> str:
    return f"version {card.version}, {card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right"


def _named(name: str, what: str, style: str = "") -> Text:
    return Text.assemble((f"{name:<{_NAME}}", "bold"), (what, style))
