"""Write a trained network for every runtime, and check that all give the same answers."""

import shutil
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Cells, Crops, Gray
from recognizer.contract import LITERT_FILE, MODEL_FILE, NUMBERS_FILE, NUMBERS_LITERT_FILE
from recognizer.marks import decode
from recognizer.runtime import open_number_runtime, open_runtime
from trainer.backend import load_keras
from trainer.errors import PublishFailed
from trainer.evaluate import probabilities

#: Largest difference of two runtimes' probabilities: LiteRT multiplies in 8 bits, Keras in 32.
TOLERANCE = 0.1
#: Share of the marks on made-up sheets that both runtimes must find alike in one look.
SAME_MARKS = 0.98
#: Bits of a weight's fraction that are kept: LiteRT holds no more of most weights in its 8 bits.
_FRACTION = 7


def round_weights(network: Any) -> None:  # noqa: ANN401 - Keras ships no types
    """Round a network's weights, so that its compressed file takes less than half; in place."""
    network.set_weights([_rounded(weights) for weights in network.get_weights()])


def write_network(network: Any, folder: Path, proof: Crops) -> float:  # noqa: ANN401 - likewise
    """Write the digit network into `folder` for Keras and for LiteRT; gives their largest difference.

    Raises PublishFailed if that is more than TOLERANCE on the `proof` images, `(n, 28, 28)` uint8.
    """
    _write(network, folder / MODEL_FILE, folder / LITERT_FILE)
    apart = float(np.abs(probabilities(network, proof) - open_runtime("litert", folder).probabilities(proof)).max())
    if not apart <= TOLERANCE:
        raise PublishFailed(f"LiteRT's probabilities differ from those of Keras by up to {apart:.2g}")
    return round(apart, 4)


def write_number_network(network: Any, folder: Path, proof: Gray) -> None:  # noqa: ANN401 - likewise
    """Write the number network into `folder` for Keras and for LiteRT.

    Raises PublishFailed if the two find other marks in the `proof` pictures, `(n, h, w)` uint8.
    """
    _write(network, folder / NUMBERS_FILE, folder / NUMBERS_LITERT_FILE)
    looks = open_number_runtime("keras", folder), open_number_runtime("litert", folder)
    found = [[_symbols(look(picture)) for look in looks] for picture in proof]
    same = sum((one & other).total() for one, other in found) / sum((one | other).total() for one, other in found)
    if not same >= SAME_MARKS:
        raise PublishFailed(f"LiteRT finds {1 - same:.1%} of the marks in pictures of numbers otherwise than Keras")


def _symbols(cells: Cells) -> Counter[int]:
    return Counter(mark.symbol for mark in decode(cells).marks)


def _write(network: Any, file: Path, litert_file: Path) -> None:  # noqa: ANN401 - likewise
    load_keras()
    import tensorflow as tf  # noqa: PLC0415 - only who trains pays for it

    with warnings.catch_warnings():
        # Keras 3.15 copies TensorFlow's variables in a way that NumPy 2 deprecates
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        network.save(file)
    _compress(file)
    network.export(litert_file, format="litert", verbose=False, optimizations=[tf.lite.Optimize.DEFAULT])


def _compress(file: Path) -> None:
    """Pack a file of Keras anew: it writes its zip archive without compression."""
    packed = file.with_suffix(".zip")
    with zipfile.ZipFile(file) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as small:
        for entry in plain.infolist():
            small.writestr(zipfile.ZipInfo(entry.filename), plain.read(entry), zipfile.ZIP_DEFLATED)
    shutil.move(packed, file)


def _rounded(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    fraction, exponent = np.frexp(weights)
    return np.asarray(np.ldexp(np.round(fraction * 2**_FRACTION) / 2**_FRACTION, exponent), np.float32)
