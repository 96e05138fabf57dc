"""Give the target of each cell of a sheet, and the loss."""

from typing import Any

import numpy as np

from recognizer.marks import CELL_HEIGHT, CELL_WIDTH, SIZE_FLOOR, SIZE_UNIT
from recognizer.symbols import SYMBOLS, Symbol
from trainer.arrays import Floats
from trainer.backend import load_keras
from trainer.numbers.sheets import HEIGHT, WIDTH

#: Cells of a sheet.
ROWS, COLUMNS = HEIGHT // CELL_HEIGHT, WIDTH // CELL_WIDTH
#: Weight of the box's error beside that of the class.
_BOX_SHARE = 0.3
#: Weight of a cell without a centre whose answer is wrong with certainty.
_EMPTY = 2.0


def targets(marks: Floats) -> Floats:
    """Give `(ROWS, COLUMNS, 6)`: class, 1 for a centre, and the four numbers of the box, for the `(n, 5)` marks.

    The cells around the one with a mark's centre have its class too, but no 1: they may say that, or nothing.
    """
    found = np.zeros((ROWS, COLUMNS, 6), np.float32)
    found[..., 0] = Symbol.NOTHING
    if not len(marks):
        return found
    symbol, x, y, width, height = marks.T
    across, down = x / CELL_WIDTH - 0.5, y / CELL_HEIGHT - 0.5
    column = np.clip(np.rint(across).astype(int), 0, COLUMNS - 1)
    row = np.clip(np.rint(down).astype(int), 0, ROWS - 1)
    nearest = np.full((ROWS, COLUMNS), np.inf)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    for mark, (one_row, one_column) in enumerate(zip(row, column, strict=True)):
        around = (slice(max(one_row - 1, 0), one_row + 2), slice(max(one_column - 1, 0), one_column + 2))
        apart = (rows[around] - down[mark]) ** 2 + (columns[around] - across[mark]) ** 2
        closer = apart < nearest[around]
        nearest[around] = np.where(closer, apart, nearest[around])
        found[around][..., 0] = np.where(closer, symbol[mark], found[around][..., 0])
    found[row, column, 0], found[row, column, 1] = symbol, 1.0
    sizes = np.log(np.stack([width, height]) / SIZE_UNIT + SIZE_FLOOR)
    found[row, column, 2:] = np.stack([across - column, down - row, *sizes], axis=1)
    return found


def loss(wanted: Any, found: Any) -> Any:  # noqa: ANN401 - Keras ships no types
    """Give the mistakes by the number of marks: wrong classes, marks where none are, boxes that are off."""
    ops = load_keras().ops
    symbol, centre, box = ops.cast(wanted[..., 0], "int32"), wanted[..., 1], wanted[..., 2:]
    logs = ops.log_softmax(found[..., :SYMBOLS])
    named = ops.sum(ops.one_hot(symbol, SYMBOLS) * logs, axis=-1)
    nothing = logs[..., Symbol.NOTHING]
    either = ops.where(symbol == Symbol.NOTHING, nothing, ops.logaddexp(named, nothing))
    doubtful = ops.stop_gradient(1 - ops.exp(either)) * _EMPTY
    off = ops.sum(ops.abs(found[..., SYMBOLS:] - box), axis=-1)
    total = ops.sum(centre * (_BOX_SHARE * off - named) - (1 - centre) * doubtful * either)
    return total / (ops.sum(centre) + 1.0)


def marks_right(wanted: Any, found: Any) -> Any:  # noqa: ANN401 - likewise
    """Give the share of marks whose class is found in the cell of their centre."""
    ops = load_keras().ops
    right = ops.equal(ops.argmax(found[..., :SYMBOLS], axis=-1), ops.cast(wanted[..., 0], "int64"))
    centre = wanted[..., 1]
    return ops.sum(ops.cast(right, "float32") * centre) / (ops.sum(centre) + 1e-6)
