"""Give what a number network would say of a canvas on which it sees certain marks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.arrays import Cells, Gray
from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, OUTPUTS, SIZE_FLOOR, SIZE_UNIT
from recognizer.opencv import cv2
from recognizer.symbols import SYMBOLS, Symbol

#: Strength from which a pixel of a canvas is ink.
_INK = 110
#: A logit, and a probability, of what the network is sure is not there.
_NOT_THERE, _NONE = -40.0, 1e-15


@dataclass(frozen=True)
class Seen:
    """One mark: its class, its middle and its size in pixels of the canvas, and how probable its class is.

    Its rivals share what is left of the probability: that there is nothing has all of it unless a test says otherwise.
    """

    symbol: int
    x: float
    y: float
    width: float = 12.0
    height: float = 21.0
    probability: float = 0.999
    rivals: tuple[int, ...] = (Symbol.NOTHING,)


def blots(canvas: Gray) -> list[tuple[int, int, int, int]]:
    """Give left, top, width and height of each blot of ink on a canvas."""
    stats = cv2.connectedComponentsWithStats(cv2.compare(canvas, _INK, cv2.CMP_GT))[2]
    return [(left, top, width, height) for left, top, width, height, _ in stats[1:].tolist()]


def cells_of(seen: Sequence[Seen], shape: tuple[int, ...]) -> Cells:
    """Give the cells of a canvas of `(h, w)` pixels, each mark in the cell of its centre, as the trainer asks for."""
    cells = np.full((shape[0] // CELL_HEIGHT, shape[1] // CELL_WIDTH, OUTPUTS), _NOT_THERE, np.float32)
    cells[..., Symbol.NOTHING] = 0.0
    cells[..., SYMBOLS:] = 0.0
    for mark in seen:
        across, down = mark.x / CELL_WIDTH - 0.5, mark.y / CELL_HEIGHT - 0.5
        column = min(max(round(across), 0), cells.shape[1] - 1)
        row = min(max(round(down), 0), cells.shape[0] - 1)
        say(cells, row, column, mark)
        cells[row, column, SYMBOLS:] = (
            across - column,
            down - row,
            math.log(mark.width / SIZE_UNIT + SIZE_FLOOR),
            math.log(mark.height / SIZE_UNIT + SIZE_FLOOR),
        )
    return cells


def say(cells: Cells, row: int, column: int, mark: Seen) -> None:
    """Put the classes of a mark into one cell, and leave the box that the cell gives."""
    cells[row, column, :SYMBOLS] = _NOT_THERE
    cells[row, column, list(mark.rivals)] = math.log(max((1 - mark.probability) / len(mark.rivals), _NONE))
    cells[row, column, mark.symbol] = math.log(mark.probability)
