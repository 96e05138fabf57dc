"""Train from the command line: `python -m trainer --architecture cnn --model-dir model`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from trainer.errors import TrainingError
from trainer.fit import OnProgress
from trainer.fit import Progress as State
from trainer.network import ARCHITECTURES
from trainer.train import DEFAULT_SEED, Published, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the arguments ask and print the figures; exit code 1 with one sentence if that fails."""
    asked = _parser().parse_args(arguments)
    try:
        with _bar() as on_progress:
            published = train(
                asked.model_dir,
                architecture=asked.architecture,
                epochs=asked.epochs,
                seed=asked.seed,
                mnist_path=asked.mnist,
                force=asked.force,
                on_progress=on_progress,
            )
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print(summary(published))  # noqa: T201 - likewise
    return 0


def summary(published: Published) -> str:
    """Say in a few plain lines what a training brought."""
    card = published.card
    return (
        f"version     {card.version} ({card.architecture}, {card.parameters:,} weights)\n"
        f"MNIST       {card.mnist_accuracy:.2%} of the 10,000 test digits right\n"
        f"training    {card.epochs} epochs in {card.training_seconds:.0f} s\n"
        f"accepted    from a confidence of {card.accept_threshold:.4g} (temperature {card.temperature:.3g})\n"
        f"folder      {published.folder}\n"
        f"verdict     {published.verdict.reason}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer", description="Train a model on MNIST and publish it.")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="cnn")
    parser.add_argument("--epochs", type=_positive, help="at most so many; the recipe's own number if not given")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    parser.add_argument("--mnist", type=Path, help="a mnist.npz to use instead of Keras's own")
    parser.add_argument("--force", action="store_true", help="make it active even if it is worse than the active one")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it takes at least one epoch")
    return number


@contextmanager
def _bar() -> Iterator[OnProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("loading", total=None)

        def show(state: State) -> None:
            accuracy = "" if state.accuracy is None else f", {state.accuracy:.2%} right"
            text = f"epoch {state.epoch}/{state.epochs}{accuracy}"
            bar.update(task, description=text, total=1.0, completed=state.fraction)

        yield show


if __name__ == "__main__":
    sys.exit(main())
