"""Train the number reader on made-up sheets, each shown a few times before a new one takes its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from recognizer.arrays import Crops, DigitLabels, Gray
from trainer.ahead import prepared_ahead
from trainer.arrays import Floats, Rng
from trainer.backend import load_keras
from trainer.fit import AHEAD, History, OnProgress, reporter, schedule
from trainer.numbers.grounds import print_patterns
from trainer.numbers.sheets import FINE, HEIGHT, WIDTH, Sheet, a_number, a_sheet
from trainer.numbers.targets import loss, marks_right, targets
from trainer.numbers.variation import vary

#: Printed patterns that sheets are cut from, and their size in fine pixels.
_PATTERNS, _PATTERN = 300, (2 * HEIGHT * FINE, 2 * WIDTH * FINE)
#: Last learning rate, as a share of the highest.
_END = 0.003
#: Sheets to choose from for a batch.
_POOL = 4096


@dataclass(frozen=True)
class Recipe:
    """The numbers of one training.

    `shown` is how often a sheet is seen, `peak_rate` the highest learning rate, and `trained` the number of epochs that
    the network has behind it.
    """

    epochs: int
    steps: int
    batch: int
    peak_rate: float
    warmup: float
    decay: float
    clip: float
    shown: int
    held: int
    trained: int = 0

    def after(self, trained: int) -> "Recipe":
        """Give the recipe for a network that has been trained: new sheets, and half the rate (Loshchilov 2017)."""
        return replace(self, trained=trained, peak_rate=self.peak_rate / 2)

    def text(self) -> str:
        """Say the recipe in one line, for the card."""
        sheets = self.epochs * self.steps * self.batch
        return (
            f"{sheets:,} views of made-up sheets of MNIST's and drawn digits, signs and other marks, each varied "
            f"{self.shown} times; AdamW to {self.peak_rate:g} and down a cosine, weight decay {self.decay:g}, batches "
            f"of {self.batch}"
        )


RECIPE = Recipe(epochs=24, steps=1250, batch=64, peak_rate=3e-3, warmup=0.05, decay=0.02, clip=5.0, shown=3, held=1_500)


def made_sheets(images: Crops, labels: DigitLabels, rng: Rng) -> Iterator[Sheet]:
    """Make up sheets without end from MNIST's `(n, 28, 28)` digits."""
    samples, patterns = _sources(images, labels, rng)
    while True:
        yield a_sheet(rng, samples, patterns)


def made_numbers(images: Crops, labels: DigitLabels, rng: Rng) -> Iterator[tuple[Gray, str]]:
    """Make up endless pictures of one number each, with the text written there."""
    samples, patterns = _sources(images, labels, rng)
    while True:
        yield a_number(rng, samples, patterns)


def _sources(images: Crops, labels: DigitLabels, rng: Rng) -> tuple[list[Crops], list[Gray]]:
    return [images[labels == label] for label in range(10)], print_patterns(_PATTERNS, _PATTERN, rng)


def batches(source: Iterator[Sheet], recipe: Recipe, rng: Rng) -> Iterator[tuple[Gray, Floats]]:
    """Give batches without end: pictures `(batch, h, w, 1)` uint8 and their targets.

    They are drawn from a pool and varied, and a part of each batch is then replaced in the pool by new sheets.
    """
    size = max(recipe.batch, min(_POOL, recipe.steps * recipe.batch // 4))
    pool = list(islice(source, size))
    fresh = max(1, recipe.batch // recipe.shown)
    while True:
        chosen = rng.choice(size, recipe.batch, replace=False).tolist()
        yield stacked([vary(pool[place], rng) for place in chosen])
        for place in chosen[:fresh]:
            pool[place] = next(source)


def stacked(made: Sequence[Sheet]) -> tuple[Gray, Floats]:
    """Put sheets together: `(n, h, w, 1)` uint8, `(n, rows, columns, 6)` float32."""
    return np.stack([one.pixels for one in made])[..., None], np.stack([targets(one.marks) for one in made])


def fit(  # noqa: PLR0913, PLR0917 - a training takes many things
    network: Any,  # noqa: ANN401 - Keras ships no types
    images: Crops,
    labels: DigitLabels,
    held: Sequence[Sheet],
    recipe: Recipe,
    seed: int,
    on_progress: OnProgress | None = None,
) -> History:
    """Train `network` in place. The same seed on the same machine gives the same network."""
    keras = load_keras()
    network.compile(
        optimizer=keras.optimizers.AdamW(
            schedule(keras, recipe.peak_rate, recipe.warmup, recipe.epochs * recipe.steps, _END),
            weight_decay=recipe.decay,
            global_clipnorm=recipe.clip,
        ),
        loss=loss,
        metrics=[marks_right],
    )
    source = made_sheets(images, labels, np.random.default_rng([seed, 3, recipe.trained]))
    callbacks = (
        [reporter(keras, "numbers", on_progress, recipe.epochs, recipe.steps, "val_marks_right")] if on_progress else []
    )
    with prepared_ahead(batches(source, recipe, np.random.default_rng([seed, 4, recipe.trained])), AHEAD) as ready:
        result = network.fit(
            ready,
            steps_per_epoch=recipe.steps,
            epochs=recipe.epochs,
            shuffle=False,
            validation_data=stacked(held),
            validation_batch_size=recipe.batch,
            callbacks=callbacks,
            verbose=0,
        )
    keys = ("marks_right", "loss", "val_marks_right", "val_loss")
    return History(*(tuple(map(float, result.history[key])) for key in keys))
