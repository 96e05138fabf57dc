"""Write a trained network for every runtime, and prove that they give the same answers."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.contract import LITERT_FILE, MODEL_FILE
from recognizer.runtime import open_runtime
from trainer.errors import PublishFailed
from trainer.evaluate import probabilities
from trainer.mnist import Bytes
from trainer.network import build

#: How far two runtimes' probabilities may lie apart: float32 sums in another order.
TOLERANCE = 1e-3


def write_network(network: Any, folder: Path, proof: Bytes) -> None:  # noqa: ANN401 - Keras ships no types
    """Write `network` into `folder` for Keras and for LiteRT.

    Raises PublishFailed if the two differ on the `proof` images, `(n, 28, 28)` uint8.
    """
    bare = build(network.name)  # without the optimizer, whose state would triple the file
    bare.set_weights(network.get_weights())
    with warnings.catch_warnings():
        # Keras 3.15 copies TensorFlow's variables in a way that NumPy 2 deprecates
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        bare.save(folder / MODEL_FILE)
    bare.export(folder / LITERT_FILE, format="litert", verbose=False)
    apart = float(np.abs(probabilities(bare, proof) - open_runtime("litert", folder).probabilities(proof)).max())
    if not apart <= TOLERANCE:
        raise PublishFailed(f"LiteRT's probabilities differ from those of Keras by up to {apart:.2g}")
