"""Decode what the number network says of each cell into marks: what stands where, and how sure that is.

The network takes a picture of `(h, w)` white ink on black whose digits are about USUAL_HEIGHT pixels high. It looks at
it in cells of CELL_HEIGHT by CELL_WIDTH pixels, and gives for each cell the logits of the SYMBOLS classes (what has its
centre there, or nothing) and the mark's box: the centre's offset in cells, and the logarithm of width and height.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Cells, Gray
from recognizer.opencv import cv2
from recognizer.symbols import SYMBOLS, Symbol

#: Pixels of a cell. A cell holds the centre of one mark at most.
CELL_HEIGHT, CELL_WIDTH = 8, 4
#: Pixels of a usual digit's height.
USUAL_HEIGHT = 21
#: Width and height are given as `log(pixels / SIZE_UNIT + SIZE_FLOOR)`.
SIZE_UNIT, SIZE_FLOOR = 20.0, 0.05
#: Numbers a cell: the logits, and four for the box.
OUTPUTS = SYMBOLS + 4
#: Probability from which a cell is looked at as the centre of a mark.
_SEEN = 0.25
#: Cells between two centres, as a distance, below which both are the same mark.
_SAME_CENTRE = 1.6
#: Share of the area that two boxes cover from which they are the same mark: those of slanted digits overlap too.
_SAME_BOX = 0.5
#: Marks looked at, the surest first: a picture with more is a texture, and each is compared with all others.
_MOST_MARKS = 400
#: A cell and its neighbours.
_AROUND = np.ones((3, 3), np.uint8)

#: Gives the number network's cells for one picture of `(h, w)` uint8. Safe to share between threads.
Look = Callable[[Gray], Cells]


@dataclass(frozen=True)
class Mark:
    """One mark: its class, the probabilities of all classes, its centre and its size in pixels of the picture read."""

    symbol: int
    probabilities: NDArray[np.float32]
    x: float
    y: float
    width: float
    height: float

    @property
    def confidence(self) -> float:
        """The probability of its class."""
        return float(self.probabilities[self.symbol])

    @property
    def is_digit(self) -> bool:
        """Whether it is one of the ten digits."""
        return self.symbol < Symbol.POINT

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        across, down = self.width / 2, self.height / 2
        return self.x - across, self.y - down, self.x + across, self.y + down


@dataclass(frozen=True)
class Sighting:
    """All marks of a picture, and the probability that the cells beside them hold none."""

    marks: tuple[Mark, ...]
    nothing_missed: float


def decode(cells: Cells) -> Sighting:
    """Find the marks in what the network gives for one picture: `(rows, columns, OUTPUTS)` float32."""
    probabilities = _softmax(cells[..., :SYMBOLS])
    nothing = probabilities[..., Symbol.NOTHING]
    lowest = cv2.erode(nothing, _AROUND)
    rows, columns = np.nonzero((nothing <= lowest) & (nothing < 1 - _SEEN))
    order = np.argsort(nothing[rows, columns], kind="stable")[:_MOST_MARKS]
    rows, columns = rows[order], columns[order]
    places = _places(cells[rows, columns, SYMBOLS:], rows, columns)
    symbols = probabilities[rows, columns, : Symbol.NOTHING].argmax(axis=1)
    kept = _kept(symbols, places)
    marks = tuple(
        Mark(symbol, probabilities[row, column], *place)
        for symbol, row, column, place in zip(
            symbols[kept].tolist(), rows[kept].tolist(), columns[kept].tolist(), places[kept].tolist(), strict=True
        )
    )
    # Cells around a missed mark doubt together, so that the most doubtful one tells it all; a centre's neighbours
    # may say the same as the centre.
    centres = np.zeros(nothing.shape, np.uint8)
    centres[rows, columns] = 1
    beside = nothing[cv2.dilate(centres, _AROUND) == 0]
    return Sighting(marks, float(beside.min(initial=1.0)))


def _places(boxes: Cells, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Give centre x and y, width and height of the marks in some cells, in pixels."""
    x, y = (boxes[:, 0] + columns + 0.5) * CELL_WIDTH, (boxes[:, 1] + rows + 0.5) * CELL_HEIGHT
    sizes = np.maximum((np.exp(boxes[:, 2:].astype(np.float64)) - SIZE_FLOOR) * SIZE_UNIT, 1.0)
    return np.column_stack([x, y, sizes])


def _kept(symbols: NDArray[np.intp], places: NDArray[np.float64]) -> list[int]:
    """Leave out what is the same mark as a surer one before it; a sign within a digit's box is another mark."""
    centres, sizes = places[:, :2], places[:, 2:]
    apart = (centres[:, None] - centres) / (CELL_WIDTH, CELL_HEIGHT)
    near = (apart**2).sum(axis=2) < _SAME_CENTRE**2
    low, high = centres - sizes / 2, centres + sizes / 2
    shared = np.maximum(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), 0).prod(axis=2)
    areas = sizes.prod(axis=1)
    alike = (symbols < Symbol.POINT)[:, None] == (symbols < Symbol.POINT)
    same = alike & (near | (shared > _SAME_BOX * (areas[:, None] + areas - shared)))
    if same.sum() == len(same):
        return list(range(len(same)))  # as nearly always: each is only itself
    kept: list[int] = []
    for mark in range(len(symbols)):
        if not same[mark, kept].any():
            kept.append(mark)
    return kept


def _softmax(logits: Cells) -> Cells:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)
