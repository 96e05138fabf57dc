"""What can go wrong while training.

TrainingError
├── KerasMissing    Keras and TensorFlow are not installed
├── DataMissing     MNIST can't be fetched, or the file holds other data
├── NothingToKeep   one network was to be kept, and no model is active
├── NumbersAlone    a wish for the network for digits, where only the one for numbers is trained further
├── TrainingBusy    another training runs for the same model folder
└── PublishFailed   the model could not be written to its folder, or not for every runtime
"""


class TrainingError(Exception):
    """The root of this room's errors; its text is one plain sentence."""


class KerasMissing(TrainingError):  # noqa: N818 - named for what is wrong, like the recognizer's ModelMissing
    """There is nothing to train with."""


class DataMissing(TrainingError):  # noqa: N818 - likewise
    """MNIST could not be fetched, or the file holds other data."""


class NothingToKeep(TrainingError):  # noqa: N818 - likewise
    """Only one network is to be trained, and there is no active model to take the other one from."""


class NumbersAlone(TrainingError):  # noqa: N818 - likewise
    """Training goes further with the network for numbers only."""


class TrainingBusy(TrainingError):  # noqa: N818 - likewise
    """Another process holds the model folder's lock."""


class PublishFailed(TrainingError):  # noqa: N818 - likewise
    """The disk refused the new version, or its runtimes disagree; the active one is untouched."""
