"""Keep two trainers, or two publications, out of each other's way with locks that the kernel releases."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from trainer.errors import PublishFailed, TrainingBusy

#: Held for moments, while a version is written or made active.
PUBLISH_LOCK = ".lock"
#: Held for as long as a training takes; apart from the other, so that rolling back never waits for a training.
TRAINING_LOCK = ".training"


@contextlib.contextmanager
def publishing(model_dir: Path) -> Iterator[None]:
    """Hold the right to change `model_dir`, waiting for it if need be. Makes the folder if there is none.

    A killed holder gives it back. Raises PublishFailed if the folder can't be written.
    """
    with _locked(model_dir / PUBLISH_LOCK, fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def training(model_dir: Path) -> Iterator[None]:
    """Hold the right to train for `model_dir`; raises TrainingBusy at once if another process has it."""
    with _locked(model_dir / TRAINING_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    """Lock the file; it is never deleted, as a lock on a deleted file would exclude nobody."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise PublishFailed(f"{path.parent} can't be written: {error.strerror}") from error
    try:
        _lock(descriptor, how, path.parent)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError as error:
        raise TrainingBusy(f"another training is at work in {folder}") from error
    except OSError as error:
        raise PublishFailed(f"{folder} can't be locked: {error.strerror}") from error
