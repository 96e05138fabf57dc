"""Two networks that know a block of ink by its holes, and pictures of such blocks."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Cells, Crops, Gray, Probabilities
from recognizer.contract import Card, NumberCard
from recognizer.opencv import cv2
from recognizer.preparation import Prepared, prepare
from recognizer.reader import read
from recognizer.reading import Box, Reading
from recognizer.symbols import Symbol
from tests.unit.cells import Seen, blots, cells_of

#: What the number network sees in a block, from the left: class and probability of each mark.
Marks = Sequence[tuple[int, float]]
#: Pixels of a drawn row, from its top to a block, of a block, and between two blocks.
ROW, TOP, HIGH, WIDE, GAP = 32, 5, 21, 15, 8
#: A block has that many holes; these are read as digits, and what two blocks with a bar between them are called here.
DIGITS, JOINED = range(6), 9
#: A block that is no digit, to both networks.
STRANGE = 6
#: Strength from which a pixel is ink.
INK = 110
#: How sure the digit network and the number network are unless a test says otherwise.
SURE, SURE_CELL = 0.99, 0.999
#: The number network sees two digits in two blocks with a bar between them.
TOUCHING: dict[int, Marks] = {JOINED: [(0, SURE_CELL), (0, SURE_CELL)]}


def drawn(*pieces: int | str) -> Gray:
    """Draw blocks with such numbers of holes; `.` is a point, `-` a dash, a space a wide gap, `+` joins two blocks."""
    row = np.full((ROW, 600), 255, np.uint8)
    x = 7
    for piece in pieces:
        if piece == " ":
            x += 30
        elif piece == "+":
            row[TOP + 9 : TOP + 12, x - GAP : x] = 0
        elif isinstance(piece, int):
            row[TOP : TOP + HIGH, x : x + WIDE] = 0
            for hole in range(piece):
                left, top = x + 3 + 6 * (hole % 2), TOP + 3 + 6 * (hole // 2)
                row[top : top + 3, left : left + 3] = 255
            x += WIDE + GAP
        else:
            top, bottom, width = {".": (22, 26, 4), "-": (14, 17, 8)}[piece]
            row[top:bottom, x : x + width] = 0
            x += width + GAP
    return row[:, : 4 * math.ceil((x - GAP + 4) / 4)]


def picture(*pieces: int | str) -> Prepared:
    return prepare(drawn(*pieces))


def page(rows: int, *pieces: int | str) -> Prepared:
    return prepare(np.vstack([drawn(*pieces)] * rows))


def contract_picture() -> Prepared:
    ink = np.zeros((28, 28), np.uint8)
    ink[4:24, 12:16] = 255
    return prepare(ink)


def holes(ink: NDArray[np.bool_]) -> int:
    """Count what a blot encloses."""
    around = np.pad(~ink, 1, constant_values=True).astype(np.uint8)
    return int(cv2.connectedComponents(around, connectivity=4)[0]) - 2


def number_card(*, slope: float = 1.0, offset: float = 0.0, threshold: float = 0.9) -> NumberCard:
    return NumberCard("none", 0, 0, 0, 0.0, 1.0, 1.0, slope, offset, threshold)


NUMBERS = number_card()


class Networks:
    """Knows a block by its holes; what it is told of a kind of block replaces what it would say of it."""

    def __init__(
        self,
        crops: dict[int, dict[int, float]] | None = None,
        cells: dict[int, Marks] | None = None,
        *,
        signs: dict[str, int] | None = None,
        numbers: NumberCard | None = NUMBERS,
        threshold: float = 0.9,
    ) -> None:
        self.card = Card(1, "fake", "", 0, 0, 0, 1.0, 1.0, threshold, 0.2, "", 0.0, {}, numbers=numbers)
        self.calls: list[int] = []
        self.looks: list[tuple[int, ...]] = []
        self._crops = {label: {label: SURE, label + 1: 1 - SURE} for label in DIGITS} | (crops or {})
        self._cells: dict[int, Marks] = {label: [(label, SURE_CELL)] for label in DIGITS}
        self._cells |= cells or {}
        self._signs = {".": int(Symbol.POINT), "-": int(Symbol.DASH)} | (signs or {})

    def probabilities(self, crops: Crops) -> Probabilities:
        assert crops.shape[1:] == (28, 28)
        assert len(crops)
        self.calls.append(len(crops))
        rows = np.zeros((len(crops), 10), np.float32)
        for row, crop in zip(rows, crops, strict=True):
            for label, probability in self._crops.get(self._kind(crop), dict.fromkeys(range(10), 0.1)).items():
                row[label] = probability
        return rows

    def cells(self, picture: Gray) -> Cells:
        assert self.card.numbers is not None
        self.looks.append(picture.shape)
        return cells_of([mark for blot in blots(picture) for mark in self._seen(picture, *blot)], picture.shape)

    @staticmethod
    def _kind(picture: Gray) -> int:
        ink = picture > INK
        _, _, width, height = cv2.boundingRect(ink.astype(np.uint8))
        return JOINED if width > 1.3 * height else holes(ink)

    def _seen(self, picture: Gray, left: int, top: int, width: int, height: int) -> list[Seen]:
        y = top + height / 2
        if height < HIGH / 2:
            symbol = self._signs["-" if width > 1.5 * height else "."]
            return [Seen(symbol, left + width / 2, y, width, height, SURE_CELL)]
        marks = self._cells.get(self._kind(picture[top : top + height, left : left + width]), [])
        step = width / max(len(marks), 1)
        return [
            Seen(symbol, left + step * (place + 0.5), y, step, height, probability, rivals(symbol, probability))
            for place, (symbol, probability) in enumerate(marks)
        ]


def rivals(symbol: int, probability: float) -> tuple[int, ...]:
    """Name what else a mark may be: none, or any digit where it is hardly probable."""
    return (Symbol.NOTHING,) if probability > 0.1 else tuple(one for one in range(10) if one != symbol)


def is_at(box: Box, left: int, width: int) -> bool:
    """Tell whether a box is where a block or a part of it was drawn, to the pixel."""
    found, drawn = (box.left, box.top, box.width, box.height), (left, TOP, width, HIGH)
    return all(abs(side - wanted) <= 1 for side, wanted in zip(found, drawn, strict=True))


def read_one(prepared: Prepared, model: Networks) -> Reading:
    (reading,) = read([prepared], model)
    return reading
