"""Show a training's progress: a bar with the time left on a terminal, or one line an epoch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from recognizer.contract import NumberCard
from trainer.fit import OnProgress
from trainer.fit import Progress as State
from trainer.train import CONFUSION_FILE, CURVE_FILE, Published


@contextmanager
def shown_progress() -> Iterator[OnProgress]:
    """Give the callback for `train`'s `on_progress`; it writes to standard error until the block ends."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading MNIST", total=None)

        def show(state: State) -> None:
            bar.update(task, description=_described(state), total=1.0, completed=state.fraction)

        yield show


def _lines(console: Console) -> Callable[[State], None]:
    last = ("", 0)

    def show(state: State) -> None:
        nonlocal last
        if (state.part, state.epoch) != last:
            last = (state.part, state.epoch)
            console.print(f"{_described(state)}, {1 + int(state.seconds_left // 60)} min left", soft_wrap=True)

    return show


def _described(state: State) -> str:
    accuracy = "" if state.accuracy is None else f", {state.accuracy:.2%} right"
    return f"{state.part}, epoch {state.epoch} of {state.epochs}{accuracy}"


def _numbers(card: NumberCard | None) -> str:
    if card is None:
        return "none: this version reads single digits only"
    return (
        f"{card.numbers_right:.2%} of made-up numbers right ({card.parameters:,} weights), "
        f"accepted from a confidence of {card.accept_threshold:.4g}"
    )


def summary(published: Published) -> str:
    """Describe a training's result in a few lines."""
    card = published.card
    return (
        f"version     {card.version} ({card.architecture}, {card.parameters:,} weights)\n"
        f"MNIST       {card.mnist_accuracy:.2%} of the 10,000 test digits right\n"
        f"training    {card.epochs} epochs in {card.training_seconds:.0f} s\n"
        f"numbers     {_numbers(card.numbers)}\n"
        f"accepted    from a confidence of {card.accept_threshold:.4g} (temperature {card.temperature:.3g})\n"
        f"pictures    {published.folder / CURVE_FILE} and {CONFUSION_FILE}\n"
        f"verdict     {published.verdict.reason}"
    )
