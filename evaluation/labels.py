"""Read a user's own labels: which picture holds which digits, from where, and of what kind."""

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from evaluation.errors import BadLabels
from presentation.text import printable
from regular_file import MAX_BYTES, opened, read_to_end

#: The label of a picture that holds no digit.
NO_DIGIT = "none"
#: Between two columns: what spreadsheet programs write, depending on their language, when asked for CSV.
_SEPARATORS = ",;\t"
_NEEDED = ("file", "label")
#: What a label may have around and between its digits.
_SIGNS = ". , - / : ="
_NUMBER = re.compile("[-.,/:= ]*[0-9][-.,/:= 0-9]*")
_NO_DIGITS = re.compile("[^0-9]+")


class Amount(StrEnum):
    """How many digits a picture holds: each is another task."""

    SINGLE = "single digits"
    SEVERAL = "several digits"
    NONE = "no digit"


@dataclass(frozen=True)
class Labelled:
    """What a picture holds; `source` and `kind` are "" where not given.

    `label` is the digits as text, or the number as written, with one space between numbers, or NO_DIGIT.
    `file` is relative to the folder of the pictures and does not lead out of it by itself.
    """

    file: str
    label: str
    source: str = ""
    kind: str = ""

    @property
    def amount(self) -> Amount:
        """How many digits the label has."""
        if self.label == NO_DIGIT:
            return Amount.NONE
        return Amount.SINGLE if len(self.digits) == 1 else Amount.SEVERAL

    @property
    def digits(self) -> str:
        """The label's digits alone; "" for NO_DIGIT."""
        return _NO_DIGITS.sub("", self.label)

    @property
    def has_signs(self) -> bool:
        """Whether the label has more than digits: signs, or a space between numbers."""
        return self.label not in (self.digits, NO_DIGIT)


def spaced_once(text: str) -> str:
    """Write one space for each run of spaces, and none at the ends."""
    return " ".join(text.split())


def read_labels(path: Path) -> tuple[Labelled, ...]:
    """Read a CSV file with the columns `file` and `label`, and `source` and `kind` if it has them; others are ignored.

    Of a kind only what stands before its first `;` counts. Columns may be separated by commas, semicolons or tabs. A
    line with more cells than the heading is refused: a label such as 12,5 without quotes would count as 12. Raises
    BadLabels, which names the line.
    """
    name = printable(str(path))
    rows = _rows(_text(path, name), name)
    _, header = next(rows, (0, []))
    columns = {column.strip().lower(): index for index, column in enumerate(header)}
    for column in _NEEDED:
        if column not in columns:
            raise BadLabels(f"{name} has no column `{column}`" if header else f"{name} is empty")
    lines: dict[str, int] = {}
    labels = []
    for line, cells in rows:
        one = _labelled(cells, columns, f"{name}, line {line}")
        if one.file in lines:
            raise BadLabels(f"{name}, line {line}: {printable(one.file)} stands in line {lines[one.file]} already")
        lines[one.file] = line
        labels.append(one)
    if not labels:
        raise BadLabels(f"{name} names no files")
    return tuple(labels)


def locate(folder: Path, labels: Sequence[Labelled]) -> list[Path]:
    """Give each label's file in `folder`. Raises BadLabels if there is no folder, or a link leads out of it."""
    if not folder.is_dir():
        raise BadLabels(f"{printable(str(folder))} is not a folder")
    root = Path(os.path.realpath(folder))
    files = [folder / one.file for one in labels]
    for parent in {file.parent for file in files}:
        if not Path(os.path.realpath(parent)).is_relative_to(root):
            raise BadLabels(f"{printable(str(parent))} leads out of {printable(str(folder))}")
    return files


def _text(path: Path, name: str) -> str:
    try:
        with opened(os.fsencode(path), most=MAX_BYTES, links=True) as (descriptor, status):
            return read_to_end(descriptor, status.st_size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLabels(f"{name} is not UTF-8 text: save it as CSV in UTF-8") from error
    except OSError as error:
        raise BadLabels(f"{name} can't be read: {error.strerror or error}") from error


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Give the number and the cells of every line that is not empty."""
    heading = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=heading.count)
    table = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        yield from ((table.line_num, cells) for cells in table if any(cell.strip() for cell in cells))
    except csv.Error as error:
        raise BadLabels(f"{name}, line {table.line_num} is not CSV: {error}") from error


def _labelled(cells: Sequence[str], columns: dict[str, int], where: str) -> Labelled:
    def cell(column: str) -> str:
        index = columns.get(column, len(cells))
        return cells[index].strip() if index < len(cells) else ""

    if any(extra.strip() for extra in cells[max(columns.values()) + 1 :]):
        raise BadLabels(f"{where} has more cells than the heading: put a label with a separator in it in quotes")
    label = spaced_once(cell("label").lower())
    if label != NO_DIGIT and not _NUMBER.fullmatch(label):
        raise BadLabels(
            f"{where}: the label {printable(cell('label'))!r} is neither digits, with or without the signs {_SIGNS}, "
            f"nor `{NO_DIGIT}`"
        )
    return Labelled(_inside(cell("file"), where), label, cell("source"), cell("kind").partition(";")[0].strip())


def _inside(file: str, where: str) -> str:
    """Give a name in its shortest form, if it is one that stays within a folder."""
    path = PurePosixPath(file)
    if not file or "\0" in file:
        raise BadLabels(f"{where} names no file")
    if path.is_absolute() or ".." in path.parts:
        raise BadLabels(f"{where}: {printable(file)} is not within the folder")
    return str(path)
