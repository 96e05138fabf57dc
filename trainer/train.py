"""Train from MNIST to a published, perhaps active, model."""

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recognizer.arrays import Counts
from recognizer.contract import (
    LITERT_FILE,
    MODEL_FILE,
    NUMBERS_FILE,
    NUMBERS_LITERT_FILE,
    Card,
    CoveragePoint,
    NumberCard,
)
from recognizer.coverage import coverage_curve
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.model import soften
from recognizer.second_look import look_twice
from recognizer.versions import folder_of
from trainer import evaluate, lock, mnist
from trainer.augmentation import WILD, vary
from trainer.backend import fastest_policy, load_keras
from trainer.errors import NothingToKeep, NumbersAlone
from trainer.export import round_weights, write_network
from trainer.fit import History, OnProgress, Split, fit, split
from trainer.gate import Verdict, judge, usable_active_card
from trainer.network import Architecture, build
from trainer.numbers.fit import RECIPE as NUMBERS_RECIPE
from trainer.numbers.train import Begun, train_numbers
from trainer.pictures import draw_confusion, draw_curve
from trainer.publish import activate, publish
from trainer.recipe import RECIPES, Recipe
from trainer.strokes import draw_strokes

#: The seed of the shipped model; any number will do.
DEFAULT_SEED = 7
#: Number of drawn digits that calibrate the confidence, beside MNIST's held-out ones.
HELD_OUT_DRAWN = 2_500
#: The two networks of a version.
NetworkName = Literal["digits", "numbers"]
CURVE_FILE = "curve.svg"
CONFUSION_FILE = "confusion.svg"
#: The pictures beside a card; versions trained before 0.2.0 have PNG files.
PICTURE_FILES = (CURVE_FILE, CONFUSION_FILE, "curve.png", "confusion.png")


@dataclass(frozen=True)
class Published:
    """A training's result: the published card, its folder, whether it is active, and why."""

    card: Card
    folder: Path
    verdict: Verdict


@dataclass(frozen=True)
class _Measured:
    accuracy: float
    confusion: Counts
    temperature: float
    accept_threshold: float
    reject_threshold: float
    coverage: tuple[CoveragePoint, ...]


def train(  # noqa: PLR0913 - one option each
    model_dir: Path,
    *,
    architecture: Architecture = "cnn",
    only: NetworkName | None = None,
    further: bool = False,
    epochs: int | None = None,
    seed: int = DEFAULT_SEED,
    mnist_path: Path | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> Published:
    """Train a new version, publish it in `model_dir`, and make it active unless it is worse than the active one.

    A version has two networks: for digits, and for numbers. With `only` one of them is trained and the other one is the
    active version's; `mlp` is a network for digits, so it keeps the active version's number reader too. With `further`
    the active version's number reader is trained for more epochs, on new sheets of the digits that its seed has chosen.

    Imports Keras and TensorFlow. Raises DataMissing, TrainingBusy, NothingToKeep, NumbersAlone or PublishFailed; the
    active model is then untouched.
    """
    if further and (only == "digits" or architecture != "cnn"):
        raise NumbersAlone("--further trains the number reader: leave out --only digits and --architecture")
    trained = _chosen(architecture, "numbers" if further else only)
    with lock.training(model_dir), tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        kept = _kept(model_dir)
        if "digits" not in trained and kept is None:
            raise NothingToKeep("there is no active model whose network for digits could be kept")
        digits = mnist.load(mnist_path)
        card = _digits(digits, folder, architecture, epochs, seed, on_progress) if "digits" in trained else None
        card = card or _taken(kept, folder, model_dir, (MODEL_FILE, LITERT_FILE, *PICTURE_FILES))
        numbers = kept.numbers if kept else None
        if "numbers" in trained:
            begun = _begun(kept, model_dir) if further else None
            numbers = _numbers(digits, folder, epochs, seed, on_progress, begun)
        elif numbers:
            _taken(kept, folder, model_dir, (NUMBERS_FILE, NUMBERS_LITERT_FILE))
        card = replace(card, version=0, numbers=numbers, created_at=datetime.now(UTC).isoformat(timespec="seconds"))
        card = publish(model_dir, card, lambda unfinished: _copied(folder, unfinished))
        verdict = judge(model_dir, card, force=force)
        if verdict.activate:
            activate(model_dir, card.version)
    return Published(card, folder_of(model_dir, card.version), verdict)


def _chosen(architecture: Architecture, only: NetworkName | None) -> set[NetworkName]:
    if only:
        return {only}
    return {"digits"} if architecture == "mlp" else {"digits", "numbers"}


def _kept(model_dir: Path) -> Card | None:
    try:
        return usable_active_card(model_dir)
    except (ModelMissing, ContractMismatch):
        return None


def _taken(kept: Card | None, folder: Path, model_dir: Path, names: tuple[str, ...]) -> Card:
    """Copy files of the active version."""
    if kept is None:
        raise NothingToKeep("there is no active model whose networks could be kept")
    for name in names:
        if name in kept.files:
            shutil.copy(folder_of(model_dir, kept.version) / name, folder / name)
    return kept


def _begun(kept: Card | None, model_dir: Path) -> Begun:
    """Give the active version's number reader, to be trained further."""
    if kept is None or kept.numbers is None:
        raise NothingToKeep("there is no active number reader that could be trained further")
    return Begun(kept.numbers, folder_of(model_dir, kept.version) / NUMBERS_FILE)


def _copied(folder: Path, to: Path) -> None:
    for file in folder.iterdir():
        shutil.copy(file, to / file.name)


def _digits(  # noqa: PLR0913, PLR0917 - what a training takes
    digits: mnist.Mnist,
    folder: Path,
    architecture: Architecture,
    epochs: int | None,
    seed: int,
    on_progress: OnProgress | None,
) -> Card:
    """Train the network for digits, measure it, and write its files."""
    recipe = RECIPES[architecture] if epochs is None else replace(RECIPES[architecture], epochs=epochs)
    parts = split(digits.train_images, digits.train_labels, seed, recipe.drawn, recipe.others)
    began = time.monotonic()
    network = untrained(architecture, seed)
    history = fit(network, parts, recipe, seed, on_progress)
    seconds = time.monotonic() - began
    bare = build(architecture)  # without the optimizer, whose state would triple the file
    bare.set_weights(network.get_weights())
    round_weights(bare)
    measured = _measure(bare, digits, parts, seed)
    margin = write_network(bare, folder, parts.held_images)
    draw_curve(history, folder / CURVE_FILE)
    draw_confusion(measured.confusion, folder / CONFUSION_FILE)
    return _card(bare, recipe, seed, history, measured, seconds, margin)


def _numbers(  # noqa: PLR0913, PLR0917 - what a training takes
    digits: mnist.Mnist,
    folder: Path,
    epochs: int | None,
    seed: int,
    on_progress: OnProgress | None,
    begun: Begun | None,
) -> NumberCard:
    """Train the network for numbers on the same digits, with the same ones held out."""
    recipe = NUMBERS_RECIPE if epochs is None else replace(NUMBERS_RECIPE, epochs=epochs)
    seed = begun.card.seed if begun else seed
    parts = split(digits.train_images, digits.train_labels, seed)
    return train_numbers(parts, folder, seed, recipe=recipe, begun=begun, on_progress=on_progress)


def untrained(architecture: Architecture, seed: int) -> Any:  # noqa: ANN401 - Keras ships no types
    """Build a network whose first weights, and dropout, depend on the seed alone."""
    keras = load_keras()
    keras.utils.set_random_seed(seed)
    return build(architecture, fastest_policy() if architecture == "cnn" else "float32")  # small steps gain nothing


def _measure(network: Any, digits: mnist.Mnist, parts: Split, seed: int) -> _Measured:  # noqa: ANN401 - likewise
    """Measure accuracy on the test set, and calibrate on held-out digits, unchanged and varied."""
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
    margin: float,
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
        created_at="",  # likewise
        training_seconds=round(seconds, 1),
        files={},
        litert_margin=margin,
        coverage=measured.coverage,
    )
