"""What the options and arguments of `digits` take, in words that users know."""

import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Format(StrEnum):
    """How `digits results` writes its rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Architecture(StrEnum):
    """The networks for digits that the trainer knows."""

    CNN = "cnn"
    MLP = "mlp"


class NetworkName(StrEnum):
    """The two networks of a version (trainer.train.NetworkName, named here so that `--help` needs no trainer)."""

    DIGITS = "digits"
    NUMBERS = "numbers"


class StatusName(StrEnum):
    """The statuses of the ledger (db.tables.Status, named here so that `--help` needs no database)."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REVIEW = "review"
    REJECTED = "rejected"
    FAILED = "failed"


class SourceName(StrEnum):
    """Who says what a file reads (db.tables.Source, named here so that `--help` needs no database)."""

    MACHINE = "machine"
    PERSON = "person"


class SortName(StrEnum):
    """The orders of results (db.queries.Sort, named here so that `--help` needs no database)."""

    LATEST = "latest"
    OLDEST = "oldest"
    PATH = "path"
    CONFIDENCE = "confidence"
    ID = "id"


def within(parse: Callable[[str], float], wanted: str, low: float, high: float) -> dict[str, Any]:
    """Let an option take what is `wanted`, from `low` to `high`; any other text is refused in those words."""

    def number(text: str) -> float:
        with suppress(ValueError):
            if low <= (value := parse(text)) <= high:
                return value
        raise typer.BadParameter(f"{text!r} is not {wanted}")

    return {"parser": number}


def reading(text: str) -> str:
    """Take any text. `--help` names it as this function is named; recognizer.typed says whether it is a reading."""
    return text


DIGIT = within(int, "a digit from 0 to 9", 0, 9)
SHARE = within(float, "a number from 0 to 1", 0, 1)
COUNT = within(int, "a whole number above 0", 1, sys.maxsize)
ROW = within(int, "a whole number from 0", 0, sys.maxsize)
PROCESSES = within(int, "a whole number from 1 to 256", 1, 256)
EPOCHS = within(int, "a whole number from 1 to 1000", 1, 1000)
SECONDS = within(float, "a number from 0 to 86400", 0, 86_400)

FolderArgument = Annotated[
    Path | None, typer.Argument(metavar="FOLDER", help="The watched folder.", show_default="DIGITS_FOLDER, or digits")
]
WorkersOption = Annotated[int | None, typer.Option(metavar="N", help="Reading processes, 1 to 256.", **PROCESSES)]
JsonFlag = Annotated[bool, typer.Option("--json", help="Write it as JSON, for programs.")]
Attached = Annotated[bool, typer.Option("--attached", hidden=True, help="End when standard input closes.")]
