"""Real, short trainings of the number reader, and versions that keep a network of the one before."""

import dataclasses
import shutil
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from recognizer.contract import NUMBERS_FILE, NUMBERS_LITERT_FILE
from recognizer.model import active_card, active_version, load_model, version_name
from recognizer.runtime import open_number_runtime
from trainer import export, mnist
from trainer.backend import load_keras
from trainer.errors import NothingToKeep, PublishFailed
from trainer.export import write_number_network
from trainer.fit import Progress, Split, split
from trainer.numbers import train as numbers_training
from trainer.numbers.fit import RECIPE, fit, made_sheets
from trainer.numbers.network import build
from trainer.numbers.sheets import HEIGHT, WIDTH
from trainer.numbers.train import train_numbers
from trainer.train import train

ROOT = Path(__file__).parents[2]
SEED = 3
SHORT = dataclasses.replace(RECIPE, epochs=1, steps=4, batch=8, held=16)


@pytest.fixture(name="parts", scope="module")
def real_digits() -> Split:
    digits = mnist.load()
    return split(digits.train_images, digits.train_labels, SEED)


def test_a_training_writes_both_files_and_a_card(tmp_path: Path, parts: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_training, "MEASURED", 40)
    monkeypatch.setattr(export, "SAME_MARKS", 0.0)  # after four steps all that it says is close to a tie
    seen: list[Progress] = []
    card = train_numbers(parts, tmp_path, SEED, recipe=SHORT, on_progress=seen.append)
    assert sorted(file.name for file in tmp_path.iterdir()) == [NUMBERS_FILE, NUMBERS_LITERT_FILE]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2_000_000
    assert card.parameters == build().count_params()
    assert 0 <= card.numbers_right <= 1
    assert {state.part for state in seen} == {"numbers"}
    assert seen[-1].fraction == 1


def test_the_same_seed_gives_the_same_weights(parts: Split) -> None:
    weights = []
    for _ in range(2):
        load_keras().utils.set_random_seed(SEED)
        network = build("float32", (HEIGHT, WIDTH))
        held = list(islice(made_sheets(parts.held_images, parts.held_labels, np.random.default_rng(1)), 8))
        fit(network, parts.images, parts.labels, held, SHORT, SEED)
        weights.append(network.get_weights())
    assert all(map(np.array_equal, *weights))


def test_runtimes_that_find_other_marks_are_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_keras().saving.load_model(
        ROOT / "recognizer" / "shipped" / version_name(active_version(ROOT / "recognizer" / "shipped")) / NUMBERS_FILE,
        compile=False,
    )
    untrained, export = build(), type(shipped).export
    monkeypatch.setattr(type(shipped), "export", lambda _, path, **how: export(untrained, path, **how))
    digits = mnist.load()
    sheets = made_sheets(digits.test_images, digits.test_labels, np.random.default_rng(1))
    with pytest.raises(PublishFailed, match="of the marks in pictures of numbers otherwise than Keras"):
        write_number_network(shipped, tmp_path, np.stack([one.pixels for one in islice(sheets, 20)]))


def test_a_network_for_digits_alone_keeps_the_number_reader_of_the_active_version(tmp_path: Path) -> None:
    model_dir = tmp_path / "model"
    shutil.copytree(ROOT / "recognizer" / "shipped", model_dir)
    before = active_card(model_dir)
    published = train(model_dir, architecture="mlp", epochs=1, seed=SEED, force=True)
    assert published.card.architecture == "mlp"
    assert published.card.numbers == before.numbers
    same = [(model_dir / version_name(card.version) / NUMBERS_FILE).read_bytes() for card in (before, published.card)]
    assert same[0] == same[1]
    assert load_model(model_dir, published.card.version, "litert").cells(np.zeros((32, 32), np.uint8)).shape[:2] == (
        4,
        8,
    )


def test_numbers_alone_need_an_active_version(tmp_path: Path) -> None:
    with pytest.raises(NothingToKeep, match="no active model"):
        train(tmp_path / "model", only="numbers", epochs=1)


def test_a_damaged_number_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / NUMBERS_LITERT_FILE).write_bytes(b"junk" * 1000)
    with pytest.raises(Exception, match="can't be loaded"):
        open_number_runtime("litert", tmp_path)
