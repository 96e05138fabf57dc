"""Load Keras for training."""

import sys
from typing import Any

from recognizer.quiet import quiet_import


def load_keras() -> Any:  # noqa: ANN401 - Keras ships no types
    """Import Keras and its backend: 3 to 10 seconds and 400 MB the first time, nothing later."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    with quiet_import():
        import keras  # noqa: PLC0415 - only who trains pays for it

        keras.ops.zeros(1)  # the backend looks for its devices now, and complains of those that are not there
    return keras
