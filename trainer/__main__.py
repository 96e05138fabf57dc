"""Train from the command line: `python -m trainer --architecture cnn --model-dir model`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from trainer.errors import TrainingError
from trainer.network import ARCHITECTURES
from trainer.screen import shown_progress, summary
from trainer.train import DEFAULT_SEED, NetworkName, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and print the figures. A failure ends with one sentence and exit code 1."""
    asked = _parser().parse_args(arguments)
    try:
        with shown_progress() as on_progress:
            published = train(
                asked.model_dir,
                architecture=asked.architecture,
                only=asked.only,
                further=asked.further,
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trainer", description="Train a model on MNIST and publish it.")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="cnn")
    parser.add_argument(
        "--only", choices=get_args(NetworkName), help="train this network and keep the active version's other"
    )
    parser.add_argument("--further", action="store_true", help="train the active version's number reader further")
    parser.add_argument("--epochs", type=_positive, help="the most epochs; without it the recipe's number")
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


if __name__ == "__main__":
    sys.exit(main())
