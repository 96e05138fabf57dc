"""A model that takes every mark for a 7, quite sure: for tests of what is shown of a reading."""

import numpy as np

from recognizer.arrays import Cells, Crops, Gray, Probabilities
from recognizer.contract import Card, NumberCard
from tests.unit.cells import Seen, blots, cells_of

#: How sure it is of each 7, and of each other digit.
SURE, OTHERS = 0.955, 0.005


class Sevens:
    """Reads a 7 wherever there is a mark."""

    card = Card(
        4, "cnn", "", 1, 1, 1, 0.9955, 1.0, 0.9, 0.2, "", 1.0, {},
        numbers=NumberCard("", 1, 1, 1, 1.0, 0.9, 0.9, 1.0, 0.0, 0.9),
    )  # fmt: skip

    def probabilities(self, crops: Crops) -> Probabilities:
        """Give SURE to the 7."""
        return np.tile(np.where(np.arange(10) == 7, SURE, OTHERS).astype(np.float32), (len(crops), 1))

    def cells(self, picture: Gray) -> Cells:
        """See a 7 in every blot of ink."""
        rivals = tuple(digit for digit in range(10) if digit != 7)
        seen = [
            Seen(7, left + width / 2, top + height / 2, width, height, probability=SURE, rivals=rivals)
            for left, top, width, height in blots(picture)
        ]
        return cells_of(seen, picture.shape)
