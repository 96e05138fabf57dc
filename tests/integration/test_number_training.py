"""Real, short trainings of the number reader."""

import dataclasses
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from recognizer.contract import NUMBERS_FILE, NUMBERS_LITERT_FILE, NumberCard
from recognizer.runtime import open_number_runtime
from recognizer.versions import active_version, version_name
from tests.versions import write_version
from trainer import export, mnist
from trainer.backend import fastest_policy, load_keras
from trainer.errors import NothingToKeep, PublishFailed
from trainer.export import round_weights, write_number_network
from trainer.fit import Progress, Split, split
from trainer.numbers import train as numbers_training
from trainer.numbers.fit import RECIPE, fit, made_sheets
from trainer.numbers.network import build
from trainer.numbers.sheets import HEIGHT, WIDTH
from trainer.numbers.train import Begun, train_numbers
from trainer.train import train

ROOT = Path(__file__).parents[2]
SEED = 3
SHORT = dataclasses.replace(RECIPE, epochs=1, steps=4, batch=8, held=16)


@pytest.fixture(name="parts", scope="module")
def real_digits() -> Split:
    digits = mnist.load()
    return split(digits.train_images, digits.train_labels, SEED)


@dataclass(frozen=True)
class Trained:
    """What a short training wrote, said and reported."""

    folder: Path
    card: NumberCard
    progress: list[Progress]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, parts: Split) -> Trained:
    folder, seen = tmp_path_factory.mktemp("numbers"), list[Progress]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers_training, "MEASURED", 40)
        patch.setattr(export, "SAME_MARKS", 0.0)  # after four steps all that it says is close to a tie
        return Trained(folder, train_numbers(parts, folder, SEED, recipe=SHORT, on_progress=seen.append), seen)


def test_a_training_writes_both_files_and_a_card(trained: Trained) -> None:
    assert sorted(file.name for file in trained.folder.iterdir()) == [NUMBERS_FILE, NUMBERS_LITERT_FILE]
    assert sum(file.stat().st_size for file in trained.folder.iterdir()) < 2_000_000
    assert trained.card.parameters == build().count_params()
    assert 0 <= trained.card.numbers_right <= 1
    assert {state.part for state in trained.progress} == {"numbers"}
    assert trained.progress[-1].fraction == 1


def test_the_same_seed_gives_the_same_weights(trained: Trained, parts: Split) -> None:
    load_keras().utils.set_random_seed(SEED)
    network = build(fastest_policy(), (HEIGHT, WIDTH))
    held = list(islice(made_sheets(parts.held_images, parts.held_labels, np.random.default_rng(1)), 8))
    fit(network, parts.images, parts.labels, held, SHORT, SEED)
    round_weights(network)
    first = load_keras().saving.load_model(trained.folder / NUMBERS_FILE, compile=False)
    assert all(map(np.array_equal, first.get_weights(), network.get_weights()))


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


def test_a_training_goes_further_where_the_active_version_ended(
    trained: Trained, parts: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no step to take, the weights stay; with others, they change. The card counts both trainings."""
    monkeypatch.setattr(numbers_training, "MEASURED", 40)
    monkeypatch.setattr(export, "SAME_MARKS", 0.0)
    begun = Begun(trained.card, trained.folder / NUMBERS_FILE)
    still = dataclasses.replace(SHORT, peak_rate=0.0, decay=0.0)
    card = train_numbers(parts, tmp_path, SEED, recipe=still, begun=begun)
    first, second = (
        load_keras().saving.load_model(folder / NUMBERS_FILE, compile=False).get_weights()
        for folder in (trained.folder, tmp_path)
    )
    assert all(map(np.array_equal, first, second))
    assert card.epochs == 2
    assert card.training_seconds > trained.card.training_seconds
    assert card.recipe.startswith(f"{trained.card.recipe}; then ")


def test_a_network_that_was_trained_gets_half_the_rate_and_new_sheets() -> None:
    later = RECIPE.after(24)
    assert later.peak_rate == RECIPE.peak_rate / 2
    assert later.trained == 24


def test_there_must_be_a_number_reader_to_train_further(tmp_path: Path) -> None:
    write_version(tmp_path, 1)
    (tmp_path / "active").write_text("0001")
    with pytest.raises(NothingToKeep, match="no active number reader"):
        train(tmp_path, further=True, epochs=1)


def test_numbers_alone_need_an_active_version(tmp_path: Path) -> None:
    with pytest.raises(NothingToKeep, match="no active model"):
        train(tmp_path / "model", only="numbers", epochs=1)


def test_a_damaged_number_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / NUMBERS_LITERT_FILE).write_bytes(b"junk" * 1000)
    with pytest.raises(Exception, match="can't be loaded"):
        open_number_runtime("litert", tmp_path)
