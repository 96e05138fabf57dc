"""Train a model here, with its progress on the screen, or hand the training to the trainer worker."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import broker
from cli.text import duration, say
from settings import Settings

if TYPE_CHECKING:
    from trainer.fit import OnProgress
    from trainer.fit import Progress as State
    from trainer.network import Architecture


def train(settings: Settings, *, architecture: str, epochs: int | None, force: bool, queue: bool) -> None:
    """Train a new version and print what it brought, or with `queue` only ask the trainer worker for it.

    Raises TrainingError, or with `queue` BrokerUnavailable.
    """
    if queue:
        _ask(settings, architecture, epochs, force=force)
        return
    from trainer.__main__ import summary  # noqa: PLC0415 - likewise
    from trainer.train import CONFUSION_FILE, CURVE_FILE  # noqa: PLC0415 - not needed to ask for one
    from trainer.train import train as start  # noqa: PLC0415 - likewise

    with _progress(architecture) as on_progress:
        published = start(
            settings.model_dir,
            architecture=cast("Architecture", architecture),
            epochs=epochs,
            mnist_path=settings.mnist_path,
            force=force,
            on_progress=on_progress,
        )
    say(summary(published))
    say(f"pictures    {published.folder / CURVE_FILE} and {CONFUSION_FILE}")


def _ask(settings: Settings, architecture: str, epochs: int | None, *, force: bool) -> None:
    url = broker.url_for(settings.redis_url, settings.var_dir)
    broker.ping(url)
    from worker.client import Client  # noqa: PLC0415 - imports Celery

    client = Client(url)
    try:
        client.train(architecture=architecture, epochs=epochs, force=force)
    finally:
        client.close()
    say("The training is queued; `digits status` shows how far it is.")


@contextmanager
def _progress(architecture: str) -> Iterator["OnProgress"]:
    """Show a bar with the time left on a terminal; elsewhere a line an epoch."""
    console = Console(stderr=True)
    if not console.is_terminal:
        say(f"training a {architecture}: loading MNIST", error=True)
        yield _Lines().show
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading MNIST", total=None)

        def show(state: "State") -> None:
            bar.update(task, description=_described(state), total=1.0, completed=state.fraction)

        yield show


class _Lines:
    """One line for each epoch that begins, for logs."""

    def __init__(self) -> None:
        self._epoch = 0

    def show(self, state: "State") -> None:
        """Print a line if this is a new epoch."""
        if state.epoch == self._epoch:
            return
        self._epoch = state.epoch
        say(f"{_described(state)}, {duration(state.seconds_left)} left", error=True)
        sys.stderr.flush()


def _described(state: "State") -> str:
    accuracy = "" if state.accuracy is None else f", {state.accuracy:.2%} right"
    return f"epoch {state.epoch} of {state.epochs}{accuracy}"
