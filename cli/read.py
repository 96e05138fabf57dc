"""Read image files here and now, without queue and database."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from db.paths import to_text
from presentation.text import padded, percent, printable, say, shortened, written_words
from recognizer import reader
from recognizer.errors import ModelMissing, UnreadableImage
from recognizer.image import VANISHED
from recognizer.installed import runtime_for
from recognizer.model import load_model
from recognizer.preparation import Prepared
from recognizer.reading import Reading
from recognizer.versions import active_version
from settings import Settings

#: Files read by one call of the model: enough to make the call cheap, few enough that answers come at once.
_CHUNK = 32
#: Columns a reading is filled up to.
_READING = 6
#: Columns of a terminal that paths leave to the rest of a line: reading, confidence, verdict, and a usual reason.
_REST = 52
#: Columns of a path that are shown at the least.
_LEAST_PATH = 16


def read(settings: Settings, files: Sequence[Path]) -> int:
    """Print one line a file: path, reading, confidence, verdict, reason, written.

    A terminal shows `written` only where it differs from the reading, before the reason. Gives 1 if a file could not be
    read, else 0. Raises ModelMissing or ContractMismatch.
    """
    model = load_active(settings)
    room = max(_LEAST_PATH, shutil.get_terminal_size().columns - _REST)
    width = min(max(cell_len(_name(file)) for file in files), room)
    failures = 0
    for file, reading in read_files(files, model):
        failures += isinstance(reading, UnreadableImage)
        say(_line(_name(file), reading, width))
    return 1 if failures else 0


def load_active(settings: Settings) -> reader.Model:
    """Load the active model, and say so on a terminal meanwhile. Raises ModelMissing or ContractMismatch."""
    try:
        version = active_version(settings.model_dir)
    except ModelMissing as error:
        raise ModelMissing(f"{error}: `digits train` makes one") from error
    with Console(stderr=True).status(f"loading model {version}"):
        return load_model(settings.model_dir, version, runtime_for(settings.runtime))


def read_files(files: Sequence[Path], model: reader.Model) -> Iterator[tuple[Path, Reading | UnreadableImage]]:
    """Give each file, in order, with its reading, or with the error that says why there is none. Read-only."""
    for start in range(0, len(files), _CHUNK):
        yield from _chunk_readings(files[start : start + _CHUNK], model)


def reason_of(error: UnreadableImage) -> str:
    """Say why a file that the user named can't be read."""
    return "there is no such file" if str(error) == VANISHED else printable(str(error))


def _chunk_readings(files: Sequence[Path], model: reader.Model) -> Iterator[tuple[Path, Reading | UnreadableImage]]:
    prepared = [_prepared(file) for file in files]
    found = iter(reader.read([one for one in prepared if isinstance(one, Prepared)], model))
    for file, one in zip(files, prepared, strict=True):
        yield file, one if isinstance(one, UnreadableImage) else next(found)


def _prepared(file: Path) -> Prepared | UnreadableImage:
    try:
        return reader.prepare_file(os.fsencode(file)).prepared
    except UnreadableImage as error:
        return error


def _name(file: Path) -> str:
    return printable(to_text(os.fsencode(file)))


def _line(name: str, reading: Reading | UnreadableImage, width: int) -> str:
    if isinstance(reading, UnreadableImage):
        text, written, confidence, verdict, reason = "", "", None, "failed", reason_of(reading)
    else:
        text, written, confidence = reading.text, reading.written, reading.confidence if reading.text else None
        verdict, reason = reading.verdict.value, reading.reason or ""
    if not sys.stdout.isatty():
        exact = "" if confidence is None else f"{confidence:.4f}"
        return f"{name}\t{text}\t{exact}\t{verdict}\t{reason}\t{written}"
    path = padded(shortened(name, width), width)
    words = ", ".join(filter(None, (written_words(text, written), reason)))
    return f"{path}  {text:<{_READING}}  {percent(confidence):>6}  {verdict:<8}  {words}".rstrip()
