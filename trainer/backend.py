"""Load Keras for training."""

import re
import sys
from pathlib import Path
from typing import Any

from recognizer.errors import RuntimeMissing
from recognizer.installed import require_runtime
from recognizer.quiet import quiet_start
from trainer.errors import KerasMissing


def load_keras() -> Any:  # noqa: ANN401 - Keras ships no types
    """Import Keras and its backend: 3 to 10 seconds and 400 MB the first time, nothing later. Raises KerasMissing."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    try:
        require_runtime("keras")
    except RuntimeMissing as error:
        raise KerasMissing("training needs Keras and TensorFlow, which are not installed") from error
    with quiet_start():
        import keras  # noqa: PLC0415 - only who trains pays for it

        keras.ops.zeros(1)  # the backend looks for its devices now, and complains of those that are not there
    return keras


def fastest_policy() -> str:
    """Name Keras's dtype policy for training: where the processor multiplies bfloat16, that takes half the time."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if re.search(r"\b(avx512_bf16|amx_bf16)\b", flags) else "float32"
