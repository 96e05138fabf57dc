"""Look again at what the network is unsure of: a little moved, turned and slanted, and take the mean of all."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Crops, Probabilities
from recognizer.contract import CLASSES, SIDE
from recognizer.opencv import cv2

#: Probability of the best label from which one look is enough: of MNIST's test digits 99 in 100 reach it.
_SURE = 0.95
#: Pixels, degrees, and columns a row by which a crop is moved, turned and slanted.
_SHIFT, _TURN, _SLANT = 1.0, 8.0, 0.15
_MIDDLE = (SIDE - 1) / 2

Matrix = NDArray[np.float64]


def look_twice(look: Callable[[Crops], Probabilities], crops: Crops) -> Probabilities:
    """Give `(n, 10)` calibrated probabilities for `(n, 28, 28)` uint8 crops by a network that gives them for one look.

    Costs one more call of `look` with eight crops for each unsure one.
    """
    found = look(crops)
    unsure = np.flatnonzero(found.max(axis=1) < _SURE)
    if len(unsure):
        varied = np.concatenate([_varied(crop) for crop in crops[unsure]])
        again = look(varied).reshape(len(unsure), len(_WAYS), CLASSES)
        found[unsure] = (found[unsure] + again.sum(axis=1)) / (1 + len(_WAYS))
    return found


def _varied(crop: Crops) -> Crops:
    return np.array([cv2.warpAffine(crop, way, (SIDE, SIDE)) for way in _WAYS], np.uint8)


def _moved(across: float, down: float) -> Matrix:
    return np.array([[1, 0, across], [0, 1, down]])


def _turned(degrees: float) -> Matrix:
    return np.asarray(cv2.getRotationMatrix2D((_MIDDLE, _MIDDLE), degrees, 1.0), float)


def _slanted(columns: float) -> Matrix:
    return np.array([[1, columns, -columns * _MIDDLE], [0, 1, 0]])


_WAYS = (
    *(_moved(*way) for way in ((_SHIFT, 0), (-_SHIFT, 0), (0, _SHIFT), (0, -_SHIFT))),
    *(_turned(way) for way in (-_TURN, _TURN)),
    *(_slanted(way) for way in (-_SLANT, _SLANT)),
)
