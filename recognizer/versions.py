"""Find the published versions of models, the user's own before the shipped ones. Loads none, so it needs no NumPy."""

import os
import re
from pathlib import Path

from recognizer.contract import Card, read_card
from recognizer.errors import ModelMissing
from regular_file import read_short

ACTIVE_FILE = "active"
#: Bytes of that file: a version and a line's end.
_MOST_ACTIVE = 64
#: How a version's folder is named. More digits are no number that anybody has counted to.
_VERSION = re.compile("[0-9]{4,9}")
#: The models that come with the program, which never writes there.
SHIPPED = Path(__file__).with_name("shipped")
#: The first version of a user's own; shipped ones have lower numbers, so that no release can take an own one's.
FIRST_OWN = 1001


def version_name(version: int) -> str:
    """Name the folder of a version: 7 is `0007`."""
    return f"{version:04d}"


def published_versions(model_dir: Path) -> list[int]:
    """All versions in this folder alone, oldest first; an absent folder has none. Read-only."""
    try:
        names = os.listdir(model_dir)
    except OSError:
        return []
    return sorted(int(name) for name in names if re.fullmatch(_VERSION, name))


def all_versions(model_dir: Path) -> list[int]:
    """All versions that can be made active: those in `model_dir` and the shipped ones. Read-only."""
    return sorted({number for folder in model_dirs(model_dir) for number in published_versions(folder)})


def model_dirs(model_dir: Path) -> tuple[Path, Path]:
    """Where models are looked for: the user's own folder first, then what is shipped."""
    return model_dir, SHIPPED


def first_version(model_dir: Path) -> int:
    """Give the lowest number for a new version: a release's model is trained in the shipped folder itself."""
    return 1 if model_dir.resolve() == SHIPPED.resolve() else FIRST_OWN


def folder_of(model_dir: Path, version: int) -> Path:
    """Give the folder of a version: in `model_dir`, or where only the shipped one is there, that."""
    own, shipped = (folder / version_name(version) for folder in model_dirs(model_dir))
    return shipped if shipped.exists() and not own.exists() else own


def activated_ns(model_dir: Path) -> int:
    """Tell when a model was last made active in this folder, in nanoseconds since 1970; 0 if none is."""
    try:
        return (model_dir / ACTIVE_FILE).stat().st_mtime_ns
    except OSError:
        return 0


def active_version(model_dir: Path) -> int:
    """Read which version is active: the user's choice in `model_dir`, else the shipped one.

    Raises ModelMissing if there is neither.
    """
    path = next(filter(os.path.lexists, (folder / ACTIVE_FILE for folder in model_dirs(model_dir))), None)
    if path is None:
        raise ModelMissing(f"no model is active in {model_dir}")
    try:
        text = read_short(path, most=_MOST_ACTIVE).strip()
    except OSError as error:
        raise ModelMissing(f"no model is active: {path} can't be read: {error.strerror or error}") from error
    if not re.fullmatch(_VERSION, text.decode("ascii", "replace")):
        raise ModelMissing(f"{path} does not name a version")
    return int(text)


def active_card(model_dir: Path) -> Card:
    """Read the card of the active model; raises ModelMissing or ContractMismatch. Reads no weights, so it is cheap."""
    return read_card(folder_of(model_dir, active_version(model_dir)))
