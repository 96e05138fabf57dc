"""Load Keras without the lines that TensorFlow writes to standard error whatever its log level."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


def load_keras() -> Any:  # noqa: ANN401 - Keras ships no types
    """Import Keras and its backend: 3 to 10 seconds and 400 MB the first time, nothing later."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _muted():
        import keras  # noqa: PLC0415 - only who trains pays for it

        keras.ops.zeros(1)  # the backend looks for its devices now, and complains of those that are not there
    return keras


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    """Send file descriptor 2 nowhere: TensorFlow logs these lines from C++, before its log level counts."""
    sys.stderr.flush()
    before = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)
