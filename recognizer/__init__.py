"""What reading digits is: an image file becomes digit crops, 28x28 arrays, probabilities, and a reading.

`open_model` and `read_file` are for programs that read files themselves. Importing the package loads nothing yet.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recognizer.installed import RuntimeName
    from recognizer.model import LoadedModel
    from recognizer.reader import Model
    from recognizer.reading import Reading


def open_model(folder: str | os.PathLike[str], *, runtime: "RuntimeName" = "litert") -> "LoadedModel":
    """Load the active model of a folder of models. Safe to share between threads.

    Raises ModelMissing, ContractMismatch or RuntimeMissing.
    """
    from recognizer.model import load_model  # noqa: PLC0415 - the package itself stays cheap to import
    from recognizer.versions import active_version  # noqa: PLC0415 - the package itself stays cheap to import

    model_dir = Path(folder)
    return load_model(model_dir, active_version(model_dir), runtime)


def read_file(path: str | bytes | os.PathLike[str], model: "Model") -> "Reading":
    """Read one image file. Read-only; raises UnreadableImage, whose text is the reason."""
    from recognizer.reader import prepare_file, read  # noqa: PLC0415 - likewise

    return read([prepare_file(os.fsencode(path)).prepared], model)[0]
