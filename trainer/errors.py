"""What can go wrong while training.

TrainingError
├── DataMissing     MNIST can't be had, or is not the MNIST everybody knows
├── TrainingBusy    another trainer is at work in the same model folder
└── PublishFailed   the model could not be written to its folder
"""


class TrainingError(Exception):
    """The root of this room's errors; its text is one plain sentence."""


class DataMissing(TrainingError):  # noqa: N818 - named for what is wrong, like the recognizer's ModelMissing
    """No way to MNIST worked."""


class TrainingBusy(TrainingError):  # noqa: N818 - likewise
    """Somebody else holds the model folder's lock."""


class PublishFailed(TrainingError):  # noqa: N818 - likewise
    """The disk refused the new version; the active one is untouched."""
