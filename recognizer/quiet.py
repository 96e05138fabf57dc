"""Start TensorFlow and LiteRT without their chatter. No setting keeps them from writing it to descriptor 2."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_start() -> Iterator[None]:
    """Throw away what is written to descriptor 2 meanwhile. Python exceptions pass as always.

    For the start of a program or a single thread: descriptor 2 belongs to the whole process.
    """
    # Errors still show; information and warnings of the C++ side after the import do not.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
