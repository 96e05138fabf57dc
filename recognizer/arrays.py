"""The arrays that rooms hand each other, each named once by what it holds."""

import numpy as np
from numpy.typing import NDArray

#: Grey pixels, or how strong the ink is in each: `(h, w)` uint8, or `(n, h, w)` where it says so.
Gray = NDArray[np.uint8]
#: Digits as the model contract has them, white ink on black: `(n, 28, 28)` uint8.
Crops = NDArray[np.uint8]
#: The digit that each crop shows: `(n,)` uint8.
DigitLabels = NDArray[np.uint8]
#: How probable each of the ten digits is: `(n, 10)` float32.
Probabilities = NDArray[np.float32]
#: What the number network says of each cell of a picture: `(rows, columns, OUTPUTS)` float32.
Cells = NDArray[np.float32]
#: The connected component of each pixel, 0 for the ground: `(h, w)`.
ComponentLabels = NDArray[np.uint16] | NDArray[np.int32]
#: How often each digit, by row, was read as which, by column: `(10, 10)` int64, or more columns where it says so.
Counts = NDArray[np.int64]
