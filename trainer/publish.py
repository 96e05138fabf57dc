"""Publish a model: a new numbered folder that is whole or absent, and the one line that names the active one."""

import dataclasses
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from recognizer.contract import CARD_FILE, Card, read_card, verify_files
from recognizer.errors import ContractMismatch
from recognizer.versions import ACTIVE_FILE, first_version, folder_of, published_versions, version_name
from trainer.errors import PublishFailed
from trainer.lock import publishing

UNFINISHED = ".tmp"


def publish(model_dir: Path, card: Card, write: Callable[[Path], None]) -> Card:
    """Publish what `write(folder)` writes as the next version; gives the card as it was published.

    The card's `version` and `files` are filled in here. Does not activate. A crash at any point leaves the published
    versions as they were. Raises PublishFailed if the disk refuses.
    """
    with publishing(model_dir):
        try:
            _clear_unfinished(model_dir)
            card = dataclasses.replace(card, version=_next_version(model_dir))
            return _publish(model_dir, card, write)
        except OSError as error:
            raise PublishFailed(f"the model can't be published in {model_dir}: {error.strerror or error}") from error


def activate(model_dir: Path, version: int) -> Card:
    """Make `version` the active one, after checking its card and checksums; gives its card.

    Also the way back to an older or a shipped version. Raises ModelMissing, ContractMismatch or PublishFailed, and then
    changes nothing.
    """
    folder = folder_of(model_dir, version)
    card = read_card(folder)
    if card.version != version:
        raise ContractMismatch(f"the card in {folder} is version {card.version}'s")
    verify_files(card, folder)
    with publishing(model_dir):
        try:
            _replace(model_dir / ACTIVE_FILE, version_name(version) + "\n")
        except OSError as error:
            raise PublishFailed(f"version {version} can't be made active: {error.strerror or error}") from error
    return card


def _clear_unfinished(model_dir: Path) -> None:
    """Remove what a killed publication left; the lock says that nobody is writing it any more."""
    for folder in model_dir.iterdir():
        if re.fullmatch(r"\d{4,}" + re.escape(UNFINISHED), folder.name):
            shutil.rmtree(folder)


def _next_version(model_dir: Path) -> int:
    return max([first_version(model_dir), *(number + 1 for number in published_versions(model_dir))])


def _publish(model_dir: Path, card: Card, write: Callable[[Path], None]) -> Card:
    final = model_dir / version_name(card.version)
    unfinished = final.with_name(final.name + UNFINISHED)
    unfinished.mkdir()
    write(unfinished)
    card = dataclasses.replace(card, files=_checksums(unfinished))
    card.write(unfinished)
    for file in unfinished.iterdir():
        _to_disk(file)
    _to_disk(unfinished)
    unfinished.rename(final)
    _to_disk(model_dir)
    return card


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.iterdir() if file.name != CARD_FILE)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _replace(path: Path, text: str) -> None:
    """Give `path` new content such that a reader sees either all of the old or all of the new."""
    unfinished = path.with_name(path.name + UNFINISHED)
    unfinished.write_text(text, encoding="ascii")
    _to_disk(unfinished)
    unfinished.replace(path)
    _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    """Wait until a file or a folder's list of names is on the disk, so that a power cut can't undo it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
