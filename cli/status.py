"""Show whether all is accounted for: the balance, what waits, who runs, which model reads; and what stands still."""

import json
import sys
from dataclasses import asdict

from rich.text import Text

from cli.health import State, state_of, trouble
from cli.ledger import opened
from db.tables import Status
from logs import configure_logs
from presentation.text import COLOURS, duration, percent, printable, stdout
from settings import Settings

_ROLES = ("watcher", "worker", "trainer")
#: Columns of the names on the left.
_NAME = 10


def show_status(settings: Settings, *, as_json: bool = False) -> int:
    """Print the state of everything; give 1 if the balance does not close or something stands still, else 0.

    All is well if nothing waits, or if what waits is being answered or has not waited for long. Raises LedgerError.
    """
    configure_logs("error")  # the watcher's log has what it passes over
    with opened(settings.database_url) as database:
        state = state_of(settings, database)
    found = trouble(state)
    if as_json:
        sys.stdout.write(json.dumps(_fields(state, found), indent=2) + "\n")
    else:
        _print(state, found)
    return 1 if found else 0


def _fields(state: State, found: str | None) -> dict[str, object]:
    """Give what JSON says. Its names stay the same across versions."""
    card = state.card
    return {
        "healthy": found is None,
        "trouble": found,
        "seen": state.balance.seen,
        "by_status": {status.value: count for status, count in state.balance.by_status.items()},
        "balance_closes": state.balance.closes,
        "oldest_waits_seconds": round(state.oldest_waits, 1),
        "unregistered": state.unregistered.files,
        "broker": "embedded" if state.embedded else "DIGITS_REDIS_URL",
        "broker_answers": state.parts is not None or state.refusal is not None,
        "broker_refusal": state.refusal,
        "messages": state.messages,
        "parts": [asdict(one) for one in state.parts or []],
        "model": card
        and {"version": card.version, "architecture": card.architecture, "mnist_accuracy": card.mnist_accuracy},
        "runtime": state.runtime,
    }


def _print(state: State, found: str | None) -> None:
    lines = [*_balance_lines(state), Text(), *_part_lines(state), _model_line(state), _named("runtime", state.runtime)]
    if found:
        lines += [Text(), Text(found, "bold red")]
    elif state.balance.waiting and not state.ones("worker"):
        lost = state.refusal or (state.parts is None and not state.embedded and "the broker does not answer")
        missing = lost or "no worker is running: start `digits run`"
        lines += [Text(), Text(f"{state.waiting} and {missing}", "yellow")]
    console = stdout()
    for line in lines:
        console.print(line, soft_wrap=not console.is_terminal)


def _balance_lines(state: State) -> list[Text]:
    counted = state.balance
    width = len(f"{counted.seen:,}")
    lines = [
        Text.assemble((f"{status:<{_NAME}}", COLOURS[status]), f"{count:>{width},}")
        for status, count in counted.by_status.items()
    ]
    if counted.waiting:
        corrected = counted.waiting - counted.by_status[Status.QUEUED]
        beside = f"and {corrected:,} corrected to be read again, " if corrected else ""
        lines[0].append(f"  {beside}the oldest for {duration(state.oldest_waits)}", "dim")
    verdict = ("  the balance closes", "green") if counted.closes else ("  the balance does not close", "bold red")
    lines.append(Text.assemble((f"{'seen':<{_NAME}}{counted.seen:>{width},}", "bold"), verdict))
    if state.unregistered.files:
        lines.append(_named("not seen", f"{state.unregistered.files:>{width},}  not in the ledger", "yellow"))
    return lines


def _part_lines(state: State) -> list[Text]:
    if state.parts is None:
        absent = "not running; `digits run` starts it" if state.embedded else "DIGITS_REDIS_URL can't be reached"
        return [_named("broker", state.refusal or absent, "yellow")]
    lines = [_named("broker", "embedded" if state.embedded else "DIGITS_REDIS_URL")]
    for role in _ROLES:
        ones = state.ones(role)
        lines += [_named(role, f"{printable(one.doing)} ({printable(one.host)}, process {one.pid})") for one in ones]
        if not ones and role != "trainer":
            lines.append(_named(role, "none is running", "yellow"))
    return lines


def _model_line(state: State) -> Text:
    card = state.card
    if card is None:
        return _named("model", f"{printable(state.no_model)}: `digits run` or `digits train` makes one", "yellow")
    return _named(
        "model", f"version {card.version}, {card.architecture}, {percent(card.mnist_accuracy, 2)} of MNIST right"
    )


def _named(name: str, what: str, style: str = "") -> Text:
    return Text.assemble((f"{name:<{_NAME}}", "bold"), (what, style))
