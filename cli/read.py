"""Read image files here and now, without queue and database."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from cli.lines import Lines, prose
from db.paths import to_text
from logs import configure_logs
from presentation.text import padded, percent, printable, say, shortened, stdout, written_words
from recognizer import reader
from recognizer.errors import ModelMissing, UnreadableImage
from recognizer.image import VANISHED
from recognizer.installed import runtime_for
from recognizer.model import load_model
from recognizer.preparation import Prepared
from recognizer.reading import Reading
from recognizer.versions import active_version
from settings import Settings
from watcher.folder import Folder, require_folder
from watcher.selection import Selection

#: Files read by one call of the model: enough to make the call cheap, few enough that answers come at once.
_CHUNK = 32
#: Columns a reading is filled up to.
_READING = 6
#: Columns of a terminal that paths leave to the rest of a line: reading, confidence, verdict, and a usual reason.
_REST = 52
#: Columns of a path that are shown at the least.
_LEAST_PATH = 16


def read(settings: Settings, paths: Sequence[Path], *, as_json: bool = False) -> int:
    """Print one line a file: path, reading, confidence, verdict, reason, written. Folders are read with all below them.

    A terminal shows `written` only where it differs from the reading, before the reason. Gives 1 if a file could not be
    read, else 0. Raises ModelMissing, ContractMismatch or FolderMissing.
    """
    configure_logs(settings.log_level)
    files = [file for path in paths for file in _files(path, settings)]
    readings = read_files(files, load_active(settings))
    return _print_json(readings) if as_json else _print_lines(readings, files)


def _files(path: Path, settings: Settings) -> list[Path]:
    """Give the file, or the files of a folder, those left out that a watched folder would leave out too."""
    if not path.is_dir():
        return [path]
    folder = os.fsencode(path)
    require_folder(folder)
    found = sorted(state.path for state in Folder(folder, Selection(settings.ignore)).scan())
    return [Path(os.fsdecode(os.path.join(folder, name))) for name in found]


def _print_lines(readings: Iterable[tuple[Path, Reading | UnreadableImage]], files: Sequence[Path]) -> int:
    longest = max((cell_len(_name(file)) for file in files), default=0)
    room = shutil.get_terminal_size().columns - _REST
    width = min(longest, room) if room >= _LEAST_PATH else longest  # a narrow terminal gives a path its own line
    lines, failures = Lines(stdout()), 0
    for file, reading in readings:
        failures += isinstance(reading, UnreadableImage)
        if sys.stdout.isatty():
            sys.stdout.write(lines.flowed(list(_words(_name(file), _outcome(reading), width))))
        else:
            say(_plain(_name(file), _outcome(reading)))
    return 1 if failures else 0


def _print_json(readings: Iterable[tuple[Path, Reading | UnreadableImage]]) -> int:
    """Write a list of objects, each as soon as it is known."""
    failures, separator = 0, "[\n"
    for file, reading in readings:
        failures += isinstance(reading, UnreadableImage)
        sys.stdout.write(separator + json.dumps({"path": to_text(os.fsencode(file)), **_fields(reading)}))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")
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


@dataclass(frozen=True)
class _Outcome:
    """What is said of a file; "" for what there is not."""

    text: str
    written: str
    confidence: float | None
    verdict: str
    reason: str


def _outcome(reading: Reading | UnreadableImage) -> _Outcome:
    if isinstance(reading, UnreadableImage):
        return _Outcome("", "", None, "failed", reason_of(reading))
    confidence = reading.confidence if reading.text else None
    return _Outcome(reading.text, reading.written, confidence, reading.verdict.value, reading.reason or "")


def _plain(name: str, found: _Outcome) -> str:
    exact = "" if found.confidence is None else f"{found.confidence:.4f}"
    return f"{name}\t{found.text}\t{exact}\t{found.verdict}\t{found.reason}\t{found.written}"


def _words(name: str, found: _Outcome, width: int) -> Iterator[tuple[str, str, int]]:
    yield padded(shortened(name, width), width), "", 0
    yield f"{found.text:<{_READING}}", "", 2
    yield f"{percent(found.confidence):>6}", "", 2
    yield f"{found.verdict:<8}", "", 2
    yield from prose(", ".join(filter(None, (written_words(found.text, found.written), found.reason))), gap=2)


def _fields(reading: Reading | UnreadableImage) -> dict[str, object]:
    """Give what JSON says of a file, in the words of `digits results`."""
    found = _outcome(reading)
    digits = [] if isinstance(reading, UnreadableImage) else reading.digits
    return {
        "reading": found.text or None,
        "written": found.written or None,
        "confidence": found.confidence,
        "status": found.verdict,
        "reason": found.reason or None,
        "digits": [
            {
                "label": digit.label,
                "confidence": digit.confidence,
                "box": asdict(digit.box),
                "probabilities": digit.probabilities,
            }
            for digit in digits
        ],
    }
