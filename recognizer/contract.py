"""The model contract: what goes into the networks, what comes out, and the card that states it.

The digit network takes `(n, 28, 28, 1)` uint8, white ink on black, each digit fitted in a 20-pixel box and centred by
mass as MNIST does, and gives `(n, 10)` probabilities. The number network takes `(1, h, w, 1)` uint8 and gives what
`recognizer.marks` describes. Scaling is a layer inside each network, so that weights and scaling can't drift apart.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from recognizer.errors import ContractMismatch, ModelMissing
from regular_file import opened, read_short

#: Raised whenever input, output or card change their meaning; a model of another version is refused.
CONTRACT_VERSION = 2
#: Pixels along each side of what the network sees.
SIDE = 28
#: Pixels along the longer side of the digit itself (MNIST's own rule).
BOX = 20
CLASSES = 10

CARD_FILE = "card.json"
MODEL_FILE = "model.keras"
#: The same network, as LiteRT runs it.
LITERT_FILE = "model.tflite"
#: The number network, for both runtimes.
NUMBERS_FILE, NUMBERS_LITERT_FILE = "numbers.keras", "numbers.tflite"
#: Bytes of a card, and of a file that it names: a network has some 5 MB, a picture less.
_MOST_CARD, _MOST_WEIGHTS = 1_000_000, 256_000_000
#: Above any figure of a card, and below what a float can't hold.
_LARGEST = 1e18
#: What every reading is held against: a card in which one of these is no number would fail every file.
_FIGURES = ("version", "mnist_accuracy", "temperature", "accept_threshold", "reject_threshold", "litert_margin")
_NUMBER_FIGURES = ("slope", "offset", "accept_threshold")


@dataclass(frozen=True)
class CoveragePoint:
    """What a threshold gives, in fractions of 1.

    `coverage` is the share of readings at least as confident as `threshold`, `error` the share of wrong ones among
    those: 0.0 where there are none.
    """

    threshold: float
    coverage: float
    error: float


@dataclass(frozen=True)
class NumberCard:
    """What is known of the number reader of a published model.

    The odds of a reading are `exp(slope * log o + offset)`, o being the odds that the network gives to all that it
    found and to nothing else (Platt 1999). `marks_right` and `numbers_right` are shares of held-out made-up sheets;
    `coverage` tells how many of those each threshold would accept, and how many of them are wrong.
    """

    recipe: str
    seed: int
    epochs: int
    parameters: int
    training_seconds: float
    marks_right: float
    numbers_right: float
    slope: float
    offset: float
    accept_threshold: float
    coverage: tuple[CoveragePoint, ...] = ()


@dataclass(frozen=True)
class Card:
    """What is known of one published model.

    `temperature` divides the logarithms of the probabilities. A reading whose calibrated confidence is at least
    `accept_threshold` is accepted; one mark below `reject_threshold` is no digit. `files` maps each file's name to its
    SHA-256. Accuracies are fractions of 1. `coverage` tells, of held-out digits, how many each threshold would accept
    and how many of those are wrong. LiteRT's probabilities differ from those of Keras by at most `litert_margin`.
    `numbers` is None where the model reads single digits only.
    """

    version: int
    architecture: str
    recipe: str
    seed: int
    epochs: int
    parameters: int
    mnist_accuracy: float
    temperature: float
    accept_threshold: float
    reject_threshold: float
    created_at: str
    training_seconds: float
    files: dict[str, str]
    contract: int = CONTRACT_VERSION
    coverage: tuple[CoveragePoint, ...] = ()
    litert_margin: float = 0.0
    numbers: NumberCard | None = None

    def write(self, folder: Path) -> None:
        """Write `card.json` into `folder`."""
        text = json.dumps(dataclasses.asdict(self), indent=2) + "\n"
        (folder / CARD_FILE).write_text(text, encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Read the card of the model in `folder`.

    Raises ModelMissing if there is none, ContractMismatch if it is damaged or of another contract version.
    """
    try:
        fields = msgspec.json.decode(read_short(folder / CARD_FILE, most=_MOST_CARD))
    except FileNotFoundError as error:
        raise ModelMissing(f"there is no model in {folder}") from error
    except OSError as error:
        raise ContractMismatch(f"the card of the model in {folder} can't be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ContractMismatch(f"the card of the model in {folder} can't be read: {error}") from error
    if not isinstance(fields, dict) or fields.get("contract") != CONTRACT_VERSION:
        raise ContractMismatch(f"the model in {folder} does not follow contract version {CONTRACT_VERSION}")
    try:
        _require_figures(fields, _FIGURES, folder)
        if fields.get("numbers") is not None:
            _require_figures(fields["numbers"], _NUMBER_FIGURES, folder)
        return msgspec.convert(fields, Card)
    except (ValueError, TypeError, AttributeError) as error:
        raise ContractMismatch(f"the card of the model in {folder} is not complete: {error}") from error


def _require_figures(fields: dict[str, Any], names: Sequence[str], folder: Path) -> None:
    strange = [name for name in names if not _is_figure(fields.get(name))]
    if strange:
        raise ContractMismatch(f"the card of the model in {folder} has no usable {strange[0]}")


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def verify_files(card: Card, folder: Path) -> None:
    """Check every file the card names against its checksum; raises ContractMismatch."""
    for needed in (MODEL_FILE, LITERT_FILE, *((NUMBERS_FILE, NUMBERS_LITERT_FILE) if card.numbers else ())):
        if needed not in card.files:
            raise ContractMismatch(f"the card of the model in {folder} names no {needed}")
    for name, expected in card.files.items():
        if Path(name).name != name:
            raise ContractMismatch(f"the card of the model in {folder} names a file outside it")
        actual = _checksum(folder / name)
        if actual != expected:
            raise ContractMismatch(f"{folder / name} is not the file its card describes (checksum differs)")


def _checksum(path: Path) -> str:
    try:
        with (
            opened(path, most=_MOST_WEIGHTS, links=True) as (descriptor, _),
            open(descriptor, "rb", closefd=False) as file,
        ):
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ContractMismatch(f"{path} can't be read: {error.strerror or error}") from error
