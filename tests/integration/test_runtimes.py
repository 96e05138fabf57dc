"""Keras and LiteRT read the same, and a network that one of them can't run is refused in one sentence."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from cli.read import read_files
from recognizer.contract import LITERT_FILE
from recognizer.errors import ContractMismatch, RuntimeMissing
from recognizer.installed import RuntimeName, require_runtime
from recognizer.model import LoadedModel, load_model
from recognizer.preparation import prepare
from recognizer.reader import read
from recognizer.reading import Reading
from recognizer.runtime import open_runtime
from recognizer.versions import active_card, active_version, version_name
from trainer import mnist
from trainer.backend import load_keras
from trainer.errors import PublishFailed
from trainer.export import write_network
from trainer.network import build

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "recognizer" / "shipped"
IMAGES = ROOT.parent / "shared" / "realdigits"
#: How far the shipped network's probabilities may lie apart.
MARGIN = 0.05
#: Shares of pictures in which both must say the same: LiteRT multiplies in 8 bits, so some close calls fall otherwise.
SAME_TEXT, SAME_VERDICT = 0.995, 0.98
#: The same for labels of MNIST's test digits.
SAME_LABEL = 0.999

Publish = Callable[[Path, int], int]


def shipped(runtime: RuntimeName) -> LoadedModel:
    return load_model(MODELS, active_version(MODELS), runtime)


def top(reading: Reading) -> list[int]:
    return [digit.label for digit in reading.digits]


def require_the_same(readings: list[list[Reading]]) -> None:
    pairs = list(zip(*readings, strict=True))
    assert np.mean([top(one) == top(other) for one, other in pairs]) >= SAME_TEXT
    assert np.mean([one.verdict is other.verdict for one, other in pairs]) >= SAME_VERDICT
    apart = [abs(one.confidence - other.confidence) for one, other in pairs]
    assert np.median(apart) < MARGIN


def test_probabilities_lie_no_further_apart_than_the_card_allows() -> None:
    images = mnist.load().test_images
    card = active_card(MODELS)
    assert 0 < card.litert_margin <= MARGIN
    folder = MODELS / version_name(card.version)
    found = [open_runtime(runtime, folder).probabilities(images) for runtime in ("keras", "litert")]
    assert np.abs(found[0] - found[1]).max() <= MARGIN
    assert (found[0].argmax(axis=1) == found[1].argmax(axis=1)).mean() > SAME_LABEL


def test_both_read_all_of_mnists_test_digits_the_same() -> None:
    pictures = [prepare(image) for image in mnist.load().test_images]
    require_the_same([read(pictures, shipped(runtime)) for runtime in ("keras", "litert")])


@pytest.mark.shared
def test_both_read_other_peoples_images_the_same() -> None:
    files = sorted(file for file in IMAGES.rglob("*") if file.suffix in {".png", ".jpg", ".jpeg"})
    assert len(files) > 1500
    found = [[reading for _, reading in read_files(files, shipped(runtime))] for runtime in ("keras", "litert")]
    require_the_same([[reading for reading in one if isinstance(reading, Reading)] for one in found])


def test_reading_with_litert_imports_no_tensorflow() -> None:
    code = (
        "import sys; from pathlib import Path; from recognizer.model import load_model;"
        "from recognizer.versions import active_version;"
        "models = Path('model'); load_model(models, active_version(models), 'litert');"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


@pytest.mark.parametrize("content", [b"", b"junk" * 1000, None], ids=["empty", "junk", "half"])
def test_a_damaged_network_is_refused(tmp_path: Path, content: bytes | None) -> None:
    whole = (MODELS / version_name(active_version(MODELS)) / LITERT_FILE).read_bytes()
    (tmp_path / LITERT_FILE).write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ContractMismatch, match="can't be loaded"):
        open_runtime("litert", tmp_path)


def test_a_network_of_another_shape_is_refused(tmp_path: Path) -> None:
    keras = load_keras()
    network = keras.Sequential([keras.Input((28, 28, 1), dtype="uint8"), keras.layers.Flatten(), keras.layers.Dense(3)])
    network.export(tmp_path / LITERT_FILE, format="litert", verbose=False)
    with pytest.raises(ContractMismatch, match=r"gives \(3,\)"):
        open_runtime("litert", tmp_path)


@pytest.mark.parametrize(("runtime", "library"), [("keras", "tensorflow"), ("litert", "ai_edge_litert")])
def test_a_runtime_that_is_not_installed_is_named(
    runtime: RuntimeName, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(name: str) -> ModuleSpec | None:
        return None if name == library else importlib.util.find_spec(name)

    monkeypatch.setattr("recognizer.installed.find_spec", without)
    with pytest.raises(RuntimeMissing, match=rf"not installed, but the runtime \(DIGITS_RUNTIME\) is {runtime}"):
        require_runtime(runtime)


def test_an_export_that_answers_otherwise_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, other = build("mlp"), build("mlp")
    export = type(other).export
    monkeypatch.setattr(type(network), "export", lambda _, path, **how: export(other, path, **how))
    with pytest.raises(PublishFailed, match="differ from those of Keras"):
        write_network(network, tmp_path, mnist.load().test_images[:100])
