"""Real trainings on the real MNIST, with the real Keras."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench.samples import write_samples
from recognizer.model import load_model
from recognizer.opencv import cv2
from recognizer.second_look import look_twice
from recognizer.versions import FIRST_OWN, active_version
from trainer import mnist
from trainer.errors import DataMissing
from trainer.fit import Progress, Split, fit, split
from trainer.recipe import RECIPES
from trainer.train import Published, train, untrained

SEED = 3


@pytest.fixture(name="digits", scope="module")
def real_digits() -> mnist.Mnist:
    return mnist.load()


@pytest.fixture(name="trained", scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Published, list[Progress]]:
    seen: list[Progress] = []
    model_dir = tmp_path_factory.mktemp("training") / "model"
    return train(model_dir, architecture="mlp", epochs=1, seed=SEED, on_progress=seen.append), seen


def test_one_epoch_learns_to_read(trained: tuple[Published, list[Progress]]) -> None:
    published, _ = trained
    assert published.card.mnist_accuracy > 0.93
    assert published.verdict.activate
    assert active_version(published.folder.parent) == published.card.version == FIRST_OWN


def test_published_model_reads_as_well_as_its_card_says(
    trained: tuple[Published, list[Progress]], digits: mnist.Mnist
) -> None:
    card = trained[0].card
    model = load_model(trained[0].folder.parent, card.version)
    right = look_twice(model.probabilities, digits.test_images).argmax(axis=1) == digits.test_labels
    assert right.mean() == pytest.approx(card.mnist_accuracy, abs=2e-4)
    assert card.parameters == 784 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10


def test_published_folder_is_complete_and_small(trained: tuple[Published, list[Progress]]) -> None:
    files = {file.name: file.stat().st_size for file in trained[0].folder.iterdir()}
    assert sorted(files) == ["card.json", "confusion.svg", "curve.svg", "model.keras", "model.tflite"]
    assert sum(files.values()) < 1_500_000


def test_progress_runs_to_its_end(trained: tuple[Published, list[Progress]]) -> None:
    fractions = [state.fraction for state in trained[1]]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert trained[1][-1].accuracy is not None
    assert trained[1][-1].seconds_left == pytest.approx(0)


def test_the_same_seed_gives_the_same_weights(digits: mnist.Mnist) -> None:
    recipe = dataclasses.replace(RECIPES["cnn"], epochs=1)
    whole = split(digits.train_images, digits.train_labels, SEED)
    data = Split(whole.images[:384], whole.labels[:384], whole.held_images[:100], whole.held_labels[:100])
    first, second = (untrained("cnn", SEED) for _ in range(2))
    histories = [fit(first, data, recipe, SEED), fit(second, data, recipe, SEED)]
    assert histories[0] == histories[1]
    assert all(map(np.array_equal, first.get_weights(), second.get_weights()))


def test_mnist_with_one_label_changed_is_refused(tmp_path: Path, digits: mnist.Mnist) -> None:
    labels = digits.test_labels.copy()
    labels[7] ^= 1
    forged = dataclasses.replace(digits, test_labels=labels)
    np.savez(
        tmp_path / "mnist.npz",
        x_train=forged.train_images,
        y_train=forged.train_labels,
        x_test=forged.test_images,
        y_test=forged.test_labels,
    )
    with pytest.raises(DataMissing, match="y_test is not MNIST's"):
        mnist.load(tmp_path / "mnist.npz")


@pytest.mark.long
def test_fetched_mnist_is_cached_for_the_next_time(tmp_path: Path, digits: mnist.Mnist) -> None:
    cache = tmp_path / "datasets" / "mnist.npz"
    fetched = mnist.load(cache=cache)
    assert np.array_equal(fetched.test_images, digits.test_images)
    assert [path.name for path in cache.parent.iterdir()] == ["mnist.npz"]
    assert np.array_equal(mnist.load(cache).train_labels, digits.train_labels)


@pytest.mark.long
def test_mlp_reaches_its_mark(tmp_path: Path) -> None:
    assert train(tmp_path, architecture="mlp").card.mnist_accuracy >= 0.983


def test_samples_are_the_same_every_time_and_small(tmp_path: Path, digits: mnist.Mnist) -> None:
    assert len(digits.test_labels) == 10_000
    first, second = (write_samples(tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert len(first) == 20
    assert sum(path.stat().st_size for path in first) < 300_000
    assert all(decoded(path) is not None for path in first)


def test_the_folder_of_samples_is_what_the_program_makes(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "digits"
    for made in write_samples(tmp_path):
        assert decoded(made).shape == decoded(folder / made.name).shape
        # another processor may round a pixel otherwise, and JPEG spreads it
        assert cv2.absdiff(decoded(made), decoded(folder / made.name)).max() <= 8


def decoded(path: Path) -> cv2.typing.MatLike:
    return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
