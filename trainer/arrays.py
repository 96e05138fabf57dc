"""The arrays that only a training has, and its source of chance, each named once."""

import numpy as np
from numpy.typing import NDArray

#: Pixels that are being changed, targets, or the marks of a sheet: float32, of the shape that it says there.
Floats = NDArray[np.float32]
#: Makes every random choice; a training's seed decides them all.
Rng = np.random.Generator
