"""Train from MNIST to a published, perhaps active, model."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.contract import Card
from recognizer.coverage import CoveragePoint, coverage_curve
from recognizer.model import soften, version_name
from recognizer.second_look import look_twice
from trainer import evaluate, lock, mnist
from trainer.augmentation import WILD, vary
from trainer.backend import fastest_policy, load_keras
from trainer.export import write_network
from trainer.fit import History, OnProgress, Split, fit, split
from trainer.gate import Verdict, judge
from trainer.network import Architecture, build
from trainer.pictures import draw_confusion, draw_curve
from trainer.publish import activate, publish
from trainer.recipe import RECIPES, Recipe
from trainer.strokes import draw_strokes

#: Any number will do; this one made the model that comes with the repository.
DEFAULT_SEED = 7
#: Drawn digits that the confidence is measured on, beside the held-out ones of MNIST.
HELD_OUT_DRAWN = 2_500
CURVE_FILE = "curve.png"
CONFUSION_FILE = "confusion.png"


@dataclass(frozen=True)
class Published:
    """What a training brought: the published card, its folder, and whether it is active now and why."""

    card: Card
    folder: Path
    verdict: Verdict


@dataclass(frozen=True)
class _Measured:
    accuracy: float
    confusion: evaluate.Counts
    temperature: float
    accept_threshold: float
    reject_threshold: float
    coverage: tuple[CoveragePoint, ...]


def train(  # noqa: PLR0913 - one option each
    model_dir: Path,
    *,
    architecture: Architecture = "cnn",
    epochs: int | None = None,
    seed: int = DEFAULT_SEED,
    mnist_path: Path | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> Published:
    """Train a new version, publish it in `model_dir`, and make it active unless it is worse than the active one.

    Imports Keras and TensorFlow. Raises DataMissing, TrainingBusy or PublishFailed; the active model is then untouched.
    """
    recipe = RECIPES[architecture] if epochs is None else replace(RECIPES[architecture], epochs=epochs)
    with lock.training(model_dir):
        digits = mnist.load(mnist_path)
        parts = split(digits.train_images, digits.train_labels, seed, recipe.drawn, recipe.others)
        began = time.monotonic()
        network = untrained(architecture, seed)
        history = fit(network, parts, recipe, seed, on_progress)
        seconds = time.monotonic() - began
        measured = _measure(network, digits, parts, seed)
        card = _card(network, recipe, seed, history, measured, seconds)
        card = publish(model_dir, card, lambda folder: _write(folder, network, history, measured, parts.held_images))
        verdict = judge(model_dir, card, force=force)
        if verdict.activate:
            activate(model_dir, card.version)
    return Published(card, model_dir / version_name(card.version), verdict)


def untrained(architecture: Architecture, seed: int) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build a network whose first weights, and dropout, depend on the seed alone."""
    keras = load_keras()
    keras.utils.set_random_seed(seed)
    return build(architecture, fastest_policy() if architecture == "cnn" else "float32")  # small steps gain nothing


def _measure(network: Any, digits: mnist.Mnist, parts: Split, seed: int) -> _Measured:  # noqa: ANN401 - likewise
    """Accuracy on the test set; confidence on held-out digits, as they are and as other people might draw them."""
    rng = np.random.default_rng([seed, 2])
    wild = vary(parts.held_images, rng, WILD)
    drawn, drawn_labels = draw_strokes(HELD_OUT_DRAWN, rng)
    held = np.concatenate([parts.held_images, wild, drawn])
    labels = np.concatenate([parts.held_labels, parts.held_labels, drawn_labels])
    temperature = evaluate.temperature(evaluate.probabilities(network, held), labels)
    tested, calibrated = (
        look_twice(lambda crops: soften(evaluate.probabilities(network, crops), temperature), images)
        for images in (digits.test_images, held)
    )
    return _Measured(
        evaluate.accuracy(tested, digits.test_labels),
        evaluate.confusion(tested, digits.test_labels),
        temperature,
        evaluate.accept_threshold(calibrated, labels),
        evaluate.reject_threshold(calibrated),
        coverage_curve(calibrated.max(axis=1), calibrated.argmax(axis=1) == labels),
    )


def _card(  # noqa: PLR0913, PLR0917 - a card has many lines
    network: Any,  # noqa: ANN401 - likewise
    recipe: Recipe,
    seed: int,
    history: History,
    measured: _Measured,
    seconds: float,
) -> Card:
    return Card(
        version=0,  # known only when it is published
        architecture=network.name,
        recipe=recipe.text(),
        seed=seed,
        epochs=len(history.loss),
        parameters=int(network.count_params()),
        mnist_accuracy=round(measured.accuracy, 6),
        temperature=measured.temperature,
        accept_threshold=measured.accept_threshold,
        reject_threshold=measured.reject_threshold,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        training_seconds=round(seconds, 1),
        files={},
        coverage=measured.coverage,
    )


def _write(folder: Path, network: Any, history: History, measured: _Measured, proof: mnist.Bytes) -> None:  # noqa: ANN401 - likewise
    write_network(network, folder, proof)
    draw_curve(history, folder / CURVE_FILE)
    draw_confusion(measured.confusion, folder / CONFUSION_FILE)
