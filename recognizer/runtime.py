"""What runs a network: Keras, or LiteRT, which is small, starts at once and gives the same answers."""

import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.arrays import Cells, Crops, Probabilities
from recognizer.contract import CLASSES, LITERT_FILE, MODEL_FILE, NUMBERS_FILE, NUMBERS_LITERT_FILE, SIDE
from recognizer.errors import ContractMismatch
from recognizer.installed import RuntimeName, require_runtime
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, OUTPUTS, Look
from recognizer.quiet import quiet_start

#: Batch sizes each network is laid out for; a batch is padded up to the next one, so nothing is compiled while reading.
_KERAS_SIZES = (1, 4, 16, 64)
#: LiteRT gains nothing from larger ones, and pays for each row of padding.
_LITERT_SIZES = (1, 4)


@dataclass(frozen=True)
class Runtime:
    """One network in memory. Safe to share between threads.

    `run` takes `(n, 28, 28, 1)` uint8 and gives `(n, 10)` float32, n one of `batch_sizes`.
    """

    batch_sizes: tuple[int, ...]
    run: Callable[[Crops], Probabilities]

    def probabilities(self, crops: Crops) -> Probabilities:
        """Give `(n, 10)` probabilities as the network says them for `(n, 28, 28)` uint8 crops, any n."""
        most = self.batch_sizes[-1]
        parts = [self._padded(crops[start : start + most]) for start in range(0, len(crops), most)]
        return np.concatenate(parts) if parts else np.empty((0, CLASSES), np.float32)

    def _padded(self, crops: Crops) -> Probabilities:
        size = next(size for size in self.batch_sizes if size >= len(crops))
        batch = np.zeros((size, SIDE, SIDE, 1), np.uint8)
        batch[: len(crops), :, :, 0] = crops
        return self.run(batch)[: len(crops)]


def open_runtime(name: RuntimeName, folder: Path) -> Runtime:
    """Load the network in `folder` and run it once at every batch size.

    Raises RuntimeMissing, or ContractMismatch if the file holds no network of the contract's shapes. `keras` imports
    TensorFlow, so call it only in the process that reads.
    """
    require_runtime(name)
    runtime = _keras(folder / MODEL_FILE) if name == "keras" else _litert(folder / LITERT_FILE)
    for size in runtime.batch_sizes:
        runtime.run(np.zeros((size, SIDE, SIDE, 1), np.uint8))
    return runtime


def open_number_runtime(name: RuntimeName, folder: Path) -> Look:
    """Load the number network in `folder` and run it once.

    Raises RuntimeMissing, or ContractMismatch if the file holds no network of the contract's shapes.
    """
    require_runtime(name)
    path = folder / (NUMBERS_FILE if name == "keras" else NUMBERS_LITERT_FILE)
    look = _keras_numbers(path) if name == "keras" else _litert_numbers(path)
    with quiet_start():
        given = look(np.zeros((4 * CELL_HEIGHT, 8 * CELL_WIDTH), np.uint8)).shape
    if given != (4, 8, OUTPUTS):
        raise ContractMismatch(f"{path} gives {given} for {4 * CELL_HEIGHT} by {8 * CELL_WIDTH} pixels")
    return look


def _litert_numbers(path: Path) -> Look:
    network = _interpreter(path)
    pixels, cells = network.get_input_details()[0]["index"], network.get_output_details()[0]["index"]
    lock = threading.Lock()
    laid_out: list[tuple[int, ...]] = [()]

    def look(picture: Crops) -> Cells:
        with lock:
            if picture.shape != laid_out[0]:
                network.resize_tensor_input(pixels, (1, *picture.shape, 1))
                network.allocate_tensors()
                laid_out[0] = picture.shape
            network.set_tensor(pixels, picture[None, ..., None])
            network.invoke()
            result: Cells = network.get_tensor(cells)[0]
        return result

    return look


def _keras_numbers(path: Path) -> Look:
    tf, network = _loaded(path)
    one = tf.TensorSpec((1, None, None, 1), tf.uint8)
    call = tf.function(lambda picture: network(picture, training=False), autograph=False).get_concrete_function(one)

    def look(picture: Crops) -> Cells:
        result: Cells = call(tf.constant(picture[None, ..., None])).numpy()[0]
        return result

    return look


def _interpreter(path: Path) -> Any:  # noqa: ANN401 - LiteRT ships no types
    try:
        with quiet_start():
            from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - only the reading process pays

            return Interpreter(str(path), num_threads=1)
    except (OSError, ValueError, RuntimeError) as error:
        raise ContractMismatch(f"{path} can't be loaded: {error}") from error


def _litert(path: Path) -> Runtime:
    try:
        # one interpreter a size: changing the size of one costs more than a small batch
        with quiet_start():
            networks = {size: _laid_out(_interpreter(path), size) for size in _LITERT_SIZES}
    except (ValueError, RuntimeError) as error:
        raise ContractMismatch(f"{path} can't be loaded: {error}") from error
    network = networks[1]
    pixels, digits = network.get_input_details()[0], network.get_output_details()[0]
    _require_shapes(path, tuple(pixels["shape"].tolist()[1:]), tuple(digits["shape"].tolist()[1:]))
    lock = threading.Lock()

    def run(batch: Crops) -> Probabilities:
        network = networks[len(batch)]
        with lock:
            network.set_tensor(pixels["index"], batch)
            network.invoke()
            result: Probabilities = network.get_tensor(digits["index"])
        return result

    return Runtime(_LITERT_SIZES, run)


def _laid_out(network: Any, size: int) -> Any:  # noqa: ANN401 - LiteRT ships no types
    network.resize_tensor_input(network.get_input_details()[0]["index"], (size, SIDE, SIDE, 1))
    network.allocate_tensors()
    return network


def _keras(path: Path) -> Runtime:
    tf, network = _loaded(path)
    _require_shapes(path, tuple(network.input_shape)[1:], tuple(network.output_shape)[1:])
    return Runtime(_KERAS_SIZES, _compiled(tf, network))


def _loaded(path: Path) -> tuple[Any, Any]:
    """Give TensorFlow, and the network in a file."""
    with quiet_start():
        import keras  # noqa: PLC0415 - takes seconds and 400 MB; only the reading process pays
        import tensorflow as tf  # noqa: PLC0415 - likewise

        _one_thread(tf)
        tf.config.set_visible_devices([], "GPU")  # crops are tiny: a trip to an accelerator costs more than it saves
    try:
        return tf, keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise ContractMismatch(f"{path} can't be loaded: {error}") from error


def _require_shapes(path: Path, taken: tuple[int, ...], given: tuple[int, ...]) -> None:
    if taken != (SIDE, SIDE, 1) or given != (CLASSES,):
        raise ContractMismatch(f"{path} takes {taken} and gives {given}")


def _one_thread(tf: Any) -> None:  # noqa: ANN401 - TensorFlow ships no types
    """Keep TensorFlow to one thread a process: workers are scaled by processes, not by threads that fight."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # already running: this process trains, or has loaded a model before


def _compiled(tf: Any, network: Any) -> Callable[[Crops], Probabilities]:  # noqa: ANN401 - likewise
    # there is no Python control flow to convert, and autograph leaves a file in /tmp for each process that is ended
    call = tf.function(lambda batch: network(batch, training=False), autograph=False)
    by_size = {
        size: call.get_concrete_function(tf.TensorSpec((size, SIDE, SIDE, 1), tf.uint8)) for size in _KERAS_SIZES
    }

    def run(batch: Crops) -> Probabilities:
        result: Probabilities = by_size[len(batch)](tf.constant(batch)).numpy()
        return result

    return run
