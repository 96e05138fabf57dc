"""Train the number reader, write its files, and measure it."""

import time
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.contract import NumberCard
from recognizer.runtime import open_number_runtime
from trainer.backend import fastest_policy, load_keras
from trainer.export import round_weights, write_number_network
from trainer.fit import OnProgress, Split
from trainer.numbers.calibration import calibrate
from trainer.numbers.fit import RECIPE, Recipe, fit, made_numbers, made_sheets
from trainer.numbers.network import build
from trainer.numbers.sheets import HEIGHT, WIDTH

#: Made-up numbers that the confidence is measured on.
MEASURED = 4_000
#: Pictures of numbers on which both runtimes must agree.
_PROOF = 200


@dataclass(frozen=True)
class Begun:
    """A trained network that is trained further: its card, and its file of Keras."""

    card: NumberCard
    file: Path

    def before(self, last: NumberCard) -> NumberCard:
        """Give the last training's card with what came before it."""
        return replace(
            last,
            recipe=f"{self.card.recipe}; then {last.recipe}",
            epochs=self.card.epochs + last.epochs,
            training_seconds=round(self.card.training_seconds + last.training_seconds, 1),
        )


def train_numbers(  # noqa: PLR0913 - what a training takes
    parts: Split,
    folder: Path,
    seed: int,
    *,
    recipe: Recipe = RECIPE,
    begun: Begun | None = None,
    on_progress: OnProgress | None = None,
) -> NumberCard:
    """Train on made-up sheets of the split's training digits, and write the network into `folder`; gives its card.

    The card counts the epochs and seconds of `begun` too. Its confidence is calibrated on numbers of the held-out
    digits. Raises PublishFailed if the runtimes differ.
    """
    load_keras().utils.set_random_seed(seed)
    network = build(fastest_policy(), (HEIGHT, WIDTH))
    if begun:
        recipe = recipe.after(begun.card.epochs)
        network.set_weights(load_keras().saving.load_model(begun.file, compile=False).get_weights())
    sheets = made_sheets(parts.held_images, parts.held_labels, np.random.default_rng([seed, 5]))
    began = time.monotonic()
    history = fit(network, parts.images, parts.labels, list(islice(sheets, recipe.held)), recipe, seed, on_progress)
    seconds = time.monotonic() - began
    card = finish(network, parts, folder, seed, recipe, history.held_accuracy[-1], seconds)
    return begun.before(card) if begun else card


def finish(  # noqa: PLR0913, PLR0917 - a card has many lines
    network: Any,  # noqa: ANN401 - Keras ships no types
    parts: Split,
    folder: Path,
    seed: int,
    recipe: Recipe,
    marks_right: float,
    seconds: float,
) -> NumberCard:
    """Write a trained network for pictures of any size, and measure it. Raises PublishFailed if the runtimes differ."""
    bare = build()
    bare.set_weights(network.get_weights())
    round_weights(bare)
    sheets = made_sheets(parts.held_images, parts.held_labels, np.random.default_rng([seed, 7]))
    write_number_network(bare, folder, np.stack([one.pixels for one in islice(sheets, _PROOF)]))
    numbers = made_numbers(parts.held_images, parts.held_labels, np.random.default_rng([seed, 6]))
    found = calibrate(open_number_runtime("litert", folder), islice(numbers, MEASURED))
    return NumberCard(
        recipe=recipe.text(),
        seed=seed,
        epochs=recipe.epochs,
        parameters=int(bare.count_params()),
        training_seconds=round(seconds, 1),
        marks_right=round(marks_right, 4),
        numbers_right=found.numbers_right,
        slope=found.slope,
        offset=found.offset,
        accept_threshold=found.accept_threshold,
        coverage=found.coverage,
    )
