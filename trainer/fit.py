"""Fit a network to varied digits, and keep the weights that did best on digits held out of the training."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from recognizer.arrays import Crops, DigitLabels, Gray
from recognizer.contract import CLASSES
from trainer.ahead import prepared_ahead
from trainer.arrays import Floats
from trainer.augmentation import augment
from trainer.backend import load_keras
from trainer.others import draw_others
from trainer.recipe import Recipe
from trainer.strokes import draw_strokes

#: Digits of the training set that are never trained on: they choose the weights, the temperature and the threshold.
HELD_OUT = 5_000
#: Batches prepared ahead of the network: enough that it never waits, few enough to cost no memory.
AHEAD = 16
#: Batches between two progress reports: a few a second.
REPORT_EVERY = 10


#: The label of pictures that hold no digit.
NO_DIGIT = CLASSES
#: Probability that tells a digit's target from NO_DIGIT's, and a confident answer from an unsure one.
CONFIDENT = 0.5


@dataclass(frozen=True)
class Split:
    """The training digits and the ones held out of them: `(n, 28, 28)` uint8 images, `(n,)` uint8 labels."""

    images: Crops
    labels: DigitLabels
    held_images: Crops
    held_labels: DigitLabels


@dataclass(frozen=True)
class Progress:
    """How far the training of one network is: `fraction` of 1, `accuracy` on what is held out (None in epoch 1)."""

    part: str
    epoch: int
    epochs: int
    fraction: float
    accuracy: float | None
    seconds_left: float


@dataclass(frozen=True)
class History:
    """What each epoch gave: accuracies are fractions of 1, `loss` is the cross-entropy trained on."""

    accuracy: tuple[float, ...]
    loss: tuple[float, ...]
    held_accuracy: tuple[float, ...]
    held_loss: tuple[float, ...]


OnProgress = Callable[[Progress], None]


def split(images: Crops, labels: DigitLabels, seed: int, drawn: int = 0, others: int = 0) -> Split:
    """Hold HELD_OUT digits out, the same ones for the same seed.

    `drawn` digits of `trainer.strokes` and `others` pictures of `trainer.others` join those that are trained on.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    held, kept = order[:HELD_OUT], order[HELD_OUT:]
    more_images, more_labels = draw_strokes(drawn, rng)
    other_images = draw_others(others, rng, images[kept])
    other_labels = np.full(others, NO_DIGIT, np.uint8)
    return Split(
        np.concatenate([images[kept], more_images, other_images]),
        np.concatenate([labels[kept], more_labels, other_labels]),
        images[held],
        labels[held],
    )


def fit(network: Any, data: Split, recipe: Recipe, seed: int, on_progress: OnProgress | None = None) -> History:  # noqa: ANN401 - Keras ships no types
    """Train `network` in place for at most `recipe.epochs` epochs, ending with its best weights.

    Stops early when the held-out loss stops falling. The same seed on the same machine gives the same network.
    """
    keras = load_keras()
    steps = len(data.images) // recipe.batch
    at_once = min(recipe.steps_at_once, steps)
    steps -= steps % at_once
    network.compile(
        optimizer=keras.optimizers.AdamW(
            schedule(keras, recipe.peak_rate, recipe.warmup, recipe.epochs * steps), weight_decay=recipe.decay
        ),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing),
        metrics=[_read_right(keras)],
        steps_per_execution=at_once,
        jit_compile=keras.backend.backend() == "jax",  # XLA halves the speed of TensorFlow's convolutions on a CPU
    )
    stop = keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
    callbacks = [stop, *([reporter(keras, "digits", on_progress, recipe.epochs, steps)] if on_progress else [])]
    with prepared_ahead(varied_batches(data, recipe, steps, seed), AHEAD) as batches:
        result = network.fit(
            batches,
            steps_per_epoch=steps,
            epochs=recipe.epochs,
            shuffle=False,
            validation_data=(data.held_images[..., None], _targets(data.held_labels)),
            validation_batch_size=500,
            callbacks=callbacks,
            verbose=0,
        )
    return History(
        *(tuple(map(float, result.history[key])) for key in ("accuracy", "loss", "val_accuracy", "val_loss"))
    )


def _targets(labels: DigitLabels) -> Floats:
    """Give the target of each label: 1 for its digit, or a tenth for each digit for NO_DIGIT."""
    every = np.eye(CLASSES + 1, CLASSES, dtype=np.float32)
    every[NO_DIGIT] = 1 / CLASSES
    return every[labels]


def _read_right(keras: Any) -> Any:  # noqa: ANN401 - Keras ships no types
    """Give the metric `accuracy`: a digit's label is found, and no label of a picture without a digit is confident."""
    ops = keras.ops

    def accuracy(wanted: Any, found: Any) -> Any:  # noqa: ANN401 - likewise
        right = ops.equal(ops.argmax(wanted, axis=-1), ops.argmax(found, axis=-1))
        unsure = ops.max(found, axis=-1) < CONFIDENT
        return ops.cast(ops.where(ops.max(wanted, axis=-1) > CONFIDENT, right, unsure), "float32")

    return accuracy


def schedule(keras: Any, peak: float, warmup: float, total: int, end: float = 0.001) -> Any:  # noqa: ANN401 - likewise
    """Give a learning rate that climbs to `peak` and falls along a cosine to the share `end` of it."""
    rising = max(1, round(total * warmup))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak / 20,
        decay_steps=max(1, total - rising),
        alpha=end,
        warmup_target=peak,
        warmup_steps=rising,
    )


def varied_batches(data: Split, recipe: Recipe, steps: int, seed: int) -> Iterator[tuple[Gray, Floats]]:
    """Give batches without end: an epoch of `steps` sees every digit once, in a new order.

    One batch in `recipe.renewed` is varied anew; the digits of the others have the shape they had last. Gives pictures
    `(batch, 28, 28, 1)` uint8 and the probabilities the network should find, `(batch, 10)`.
    """
    rng = np.random.default_rng([seed, 1])
    targets = _targets(data.labels)
    shapes = data.images.copy()
    while True:
        order = rng.permutation(len(data.images))
        for step in range(steps):
            rows = order[step * recipe.batch : (step + 1) * recipe.batch]
            if step % recipe.renewed == 0:
                shapes[rows] = augment(data.images[rows], rng, wild=recipe.wild)
            yield shapes[rows][..., None], targets[rows]


def reporter(  # noqa: PLR0913, PLR0917 - what there is to report
    keras: Any,  # noqa: ANN401 - likewise
    part: str,
    on_progress: OnProgress,
    epochs: int,
    steps: int,
    accuracy_name: str = "val_accuracy",
) -> Any:  # noqa: ANN401 - likewise
    """Give the callback that reports progress, with the accuracy that Keras logs under this name."""

    class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
        epoch = 0
        reported = 0
        accuracy: float | None = None

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ANN401, ARG002 - Keras's own signature
            self.began = time.monotonic()

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ANN401, ARG002 - likewise
            self.epoch, self.reported = epoch, 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ANN401, ARG002 - likewise
            if batch // REPORT_EVERY > self.reported:
                self.reported = batch // REPORT_EVERY
                self.report((self.epoch + (batch + 1) / steps) / epochs)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ANN401 - likewise
            self.accuracy = float(logs[accuracy_name])
            self.report((epoch + 1) / epochs)

        def report(self, fraction: float) -> None:
            spent = time.monotonic() - self.began
            left = spent / fraction - spent
            on_progress(Progress(part, self.epoch + 1, epochs, fraction, self.accuracy, left))

    return Reporter()
