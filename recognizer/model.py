"""Hold a published model in memory, ready to read digits."""

from pathlib import Path

import numpy as np

from recognizer.arrays import Cells, Crops, Gray, Probabilities
from recognizer.contract import Card, read_card, verify_files
from recognizer.errors import ModelMissing
from recognizer.installed import RuntimeName
from recognizer.marks import Look
from recognizer.runtime import Runtime, open_number_runtime, open_runtime
from recognizer.versions import folder_of

#: The smallest probability whose logarithm is taken: float32's own smallest normal number.
_TINY = float(np.finfo(np.float32).tiny)


class LoadedModel:
    """One published model in memory. Safe to share between threads."""

    def __init__(self, card: Card, runtime: Runtime, numbers: Look | None = None) -> None:
        self.card = card
        self._runtime = runtime
        self._numbers = numbers

    def probabilities(self, crops: Crops) -> Probabilities:
        """Give `(n, 10)` calibrated probabilities for `(n, 28, 28)` uint8 crops, white ink on black."""
        return soften(self._runtime.probabilities(crops), self.card.temperature)

    def cells(self, picture: Gray) -> Cells:
        """Give what the number network says of a `(h, w)` uint8 picture, `(h / 8, w / 4, OUTPUTS)`.

        Raises ModelMissing if the model reads single digits only, which its card tells.
        """
        if self._numbers is None:
            raise ModelMissing(f"version {self.card.version} has no number reader")
        return self._numbers(picture)


def soften(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Divide the log-probabilities by `temperature` and normalise again (temperature scaling, Guo et al. 2017)."""
    logits = np.log(np.maximum(probabilities, _TINY)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    scaled = np.exp(logits)
    result: Probabilities = (scaled / scaled.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def load_model(model_dir: Path, version: int, runtime: RuntimeName = "keras") -> LoadedModel:
    """Load a version after checking its card and checksums.

    Raises ModelMissing, ContractMismatch or RuntimeMissing. `keras` imports TensorFlow, so call it only in the process
    that reads.
    """
    folder = folder_of(model_dir, version)
    card = read_card(folder)
    verify_files(card, folder)
    numbers = open_number_runtime(runtime, folder) if card.numbers else None
    return LoadedModel(card, open_runtime(runtime, folder), numbers)
