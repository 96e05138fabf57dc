"""What can go wrong while reading digits.

RecognitionError
├── UnreadableImage    this one file can't be read; the reason says why
│   ├── Inaccessible   it can't even be opened: gone, a link, a pipe, not permitted
│   └── HostFailed     the host can't read it now: an I/O error, too many open files
├── ModelMissing       there is no model to read with
├── ContractMismatch   there is a model, but not one that this code may use
├── RuntimeMissing     what should run the model is not installed
└── NoReading          a person typed a text that is none
"""


class RecognitionError(Exception):
    """The root of this room's errors; its text is one plain sentence."""


class UnreadableImage(RecognitionError):  # noqa: N818 - named for what is wrong, like FileNotFoundError's errno
    """A file that can't be turned into pixels."""


class Inaccessible(UnreadableImage):
    """A path that can't be opened. Damaged bytes may become whole while somebody writes them; this can't."""


class HostFailed(UnreadableImage):
    """A path at which the system fails, for a reason that is not the file's. It may be read a moment later."""


class ModelMissing(RecognitionError):  # noqa: N818 - the name is fixed by the design
    """No model is published."""


class ContractMismatch(RecognitionError):  # noqa: N818 - the name is fixed by the design
    """A model whose card, files or contract version do not fit."""


class RuntimeMissing(RecognitionError):  # noqa: N818 - named like ModelMissing
    """The libraries of the chosen runtime can't be imported."""


class NoReading(RecognitionError):  # noqa: N818 - named for what is wrong
    """A text that no picture can read."""
