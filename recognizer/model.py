"""Find the published models, and hold one in memory, ready to read digits."""

import os
import re
import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.contract import CLASSES, MODEL_FILE, SIDE, Card, read_card, verify_files
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.quiet import quiet_import

ACTIVE_FILE = "active"
#: Batch sizes the network is compiled for; a batch is padded up to the next one, so nothing is compiled while reading.
BATCH_SIZES = (1, 4, 16, 64, 256)
#: The smallest probability whose logarithm is taken: float32's own smallest normal number.
_TINY = float(np.finfo(np.float32).tiny)

Crops = NDArray[np.uint8]
Probabilities = NDArray[np.float32]


class Runtime(Protocol):
    """Runs one network: `(n, 28, 28, 1)` uint8 in, `(n, 10)` float32 out, n one of BATCH_SIZES."""

    def __call__(self, batch: Crops) -> Probabilities:
        """Run one batch."""


def version_name(version: int) -> str:
    """Name the folder of a version: 7 is `0007`."""
    return f"{version:04d}"


def published_versions(model_dir: Path) -> list[int]:
    """All versions in `model_dir`, oldest first; an absent folder has none. Read-only."""
    try:
        names = os.listdir(model_dir)
    except OSError:
        return []
    return sorted(int(name) for name in names if re.fullmatch(r"\d{4,}", name))


def active_version(model_dir: Path) -> int:
    """Read which version serves; raises ModelMissing if none does."""
    try:
        text = (model_dir / ACTIVE_FILE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelMissing(f"no model is active in {model_dir}") from error
    if not re.fullmatch(r"\d{4,}", text):
        raise ModelMissing(f"{model_dir / ACTIVE_FILE} does not name a version")
    return int(text)


def active_card(model_dir: Path) -> Card:
    """Read the card of the active model; raises ModelMissing or ContractMismatch. Reads no weights, so it is cheap."""
    return read_card(model_dir / version_name(active_version(model_dir)))


class Model:
    """One published model in memory. Safe to share between threads."""

    def __init__(self, card: Card, runtime: Runtime) -> None:
        self.card = card
        self._runtime = runtime

    def probabilities(self, crops: Crops) -> Probabilities:
        """Give `(n, 10)` calibrated probabilities for `(n, 28, 28)` uint8 crops, white ink on black."""
        parts = [
            self._padded(crops[start : start + BATCH_SIZES[-1]]) for start in range(0, len(crops), BATCH_SIZES[-1])
        ]
        raw = np.concatenate(parts) if parts else np.empty((0, CLASSES), np.float32)
        return soften(raw, self.card.temperature)

    def _padded(self, crops: Crops) -> Probabilities:
        size = next(size for size in BATCH_SIZES if size >= len(crops))
        batch = np.zeros((size, SIDE, SIDE, 1), np.uint8)
        batch[: len(crops), :, :, 0] = crops
        return self._runtime(batch)[: len(crops)]


def soften(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Divide the log-probabilities by `temperature` and normalise again (temperature scaling, Guo et al. 2017)."""
    logits = np.log(np.maximum(probabilities, _TINY)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    scaled = np.exp(logits)
    result: Probabilities = (scaled / scaled.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def load_model(model_dir: Path, version: int) -> Model:
    """Load a version after checking its card and checksums, and run it once at every batch size.

    Raises ModelMissing or ContractMismatch. Imports TensorFlow, so call it only in the process that reads.
    """
    folder = model_dir / version_name(version)
    card = read_card(folder)
    verify_files(card, folder)
    return Model(card, _keras_runtime(folder / MODEL_FILE))


def _keras_runtime(path: Path) -> Runtime:
    with quiet_import():
        import keras  # noqa: PLC0415 - takes seconds and 400 MB; only the reading process pays
        import tensorflow as tf  # noqa: PLC0415 - likewise

        _one_thread(tf)
        tf.config.set_visible_devices([], "GPU")  # crops are tiny: a trip to an accelerator costs more than it saves
    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ContractMismatch(f"{path} can't be loaded: {error}") from error
    if tuple(network.input_shape) != (None, SIDE, SIDE, 1) or tuple(network.output_shape) != (None, CLASSES):
        raise ContractMismatch(f"{path} takes {network.input_shape} and gives {network.output_shape}")
    return _compiled(tf, network)


def _one_thread(tf: Any) -> None:  # noqa: ANN401 - TensorFlow ships no types
    """Keep TensorFlow to one thread a process: workers are scaled by processes, not by threads that fight."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # already running: this process trains, or has loaded a model before


def _compiled(tf: Any, network: Any) -> Runtime:  # noqa: ANN401 - likewise
    call = tf.function(lambda batch: network(batch, training=False), reduce_retracing=False)
    by_size = {size: call.get_concrete_function(tf.TensorSpec((size, SIDE, SIDE, 1), tf.uint8)) for size in BATCH_SIZES}

    def run(batch: Crops) -> Probabilities:
        result: Probabilities = by_size[len(batch)](tf.constant(batch)).numpy()
        return result

    for size in BATCH_SIZES:
        run(np.zeros((size, SIDE, SIDE, 1), np.uint8))
    return run
