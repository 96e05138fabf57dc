"""Show a made-up sheet anew: stretched, moved, with stronger or weaker ink."""

import numpy as np

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from trainer.arrays import Floats, Rng
from trainer.numbers.sheets import HEIGHT, WIDTH, Sheet

#: Share of the views that show a sheet as it was made: stretching blurs a little.
_AS_MADE = 0.3
#: Largest move, across and down, in pixels.
_MOVE = (8.0, 3.0)
#: Share of a mark that stays visible; a mark of less is ink without a name.
_VISIBLE = 0.5


def vary(sheet: Sheet, rng: Rng) -> Sheet:
    """Give another view of a sheet, a hundred times as fast as a new sheet. Its boxes stay exact: nothing is turned."""
    if rng.random() < _AS_MADE:
        return sheet
    scale = np.array([np.exp(rng.normal(0.0, 0.08)), rng.uniform(0.85, 1.05)])
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    offset = middle * (1 - scale) + rng.uniform(-1, 1, 2) * _MOVE
    # OpenCV's pixel centres lie on whole numbers, a mark's edges on the pixels' borders
    matrix = np.column_stack([np.diag(scale), offset + (scale - 1) / 2])
    pixels = cv2.warpAffine(sheet.pixels, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    return Sheet(np.asarray(cv2.LUT(pixels, _levels(rng)), np.uint8), _moved(sheet.marks, scale, offset))


def _levels(rng: Rng) -> Gray:
    """Give a new grey level for each: a curve that thickens or thins strokes, and a strength."""
    grey = np.arange(256) / 255
    bent = grey ** np.exp(rng.normal(0.0, 0.25)) * rng.uniform(0.85, 1.1)
    return np.asarray(np.clip(255 * bent, 0, 255), np.uint8)


def _moved(marks: Floats, scale: Floats, offset: Floats) -> Floats:
    """Move the marks and cut their boxes at the sheet's border."""
    size = marks[:, 3:] * scale
    centre = marks[:, 1:3] * scale + offset
    low, high = np.maximum(centre - size / 2, 0), np.minimum(centre + size / 2, (WIDTH, HEIGHT))
    seen = np.maximum(high - low, 0)
    visible = (seen >= _VISIBLE * size).all(axis=1)
    return np.asarray(np.column_stack([marks[:, :1], (low + high) / 2, seen])[visible], np.float32)
