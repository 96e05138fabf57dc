"""Let one process at a time train for, or publish in, a model folder."""

from pathlib import Path
from typing import BinaryIO

from lock import locked
from trainer.errors import PublishFailed, TrainingBusy

#: Held while a version is written or made active.
PUBLISH_LOCK = ".lock"
#: Held during a training. A rollback takes the other lock, so it never waits for a training.
TRAINING_LOCK = ".training"


def publishing(model_dir: Path) -> BinaryIO:
    """Wait for the right to change `model_dir`, and hold it until the given file is closed.

    Makes the folder if there is none. Raises PublishFailed if the folder can't be written.
    """
    return _locked(model_dir / PUBLISH_LOCK, wait=True)


def training(model_dir: Path) -> BinaryIO:
    """Hold the right to train for `model_dir` until the given file is closed.

    Raises TrainingBusy at once if another process has it, or PublishFailed if the folder can't be written.
    """
    return _locked(model_dir / TRAINING_LOCK, wait=False)


def _locked(path: Path, *, wait: bool) -> BinaryIO:
    try:
        return locked(path, wait=wait)
    except BlockingIOError as error:
        raise TrainingBusy(f"another training is at work in {path.parent}") from error
    except OSError as error:
        raise PublishFailed(f"{path.parent} can't be written: {error.strerror}") from error
