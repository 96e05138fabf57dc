"""Fit one digit's ink into the 28x28 picture that the model contract describes."""

import numpy as np

from recognizer.arrays import Gray
from recognizer.contract import BOX, SIDE
from recognizer.opencv import cv2

#: Strength (of 255) that counts towards a digit's box; in MNIST, this bounds the same box as any ink at all.
_FAINT = 32
#: Strength that a digit following the contract reaches; fainter ones are stretched to it. All of MNIST's reach 254.
_STRONG = 230
#: Pixels along the longer side of the canvas on which strokes are thickened: four for each pixel of the 20.
_CANVAS = 4 * BOX
#: Width to which thinner strokes are brought, in pixels of the 20: the median of MNIST's own strokes.
_PEN = 2.5


def fit(strength: Gray, level: float) -> Gray:
    """Fit a digit into 28x28: 20 pixels along its longer side, the aspect ratio kept, its mass in the middle.

    `strength` is a window with the digit alone, 0 on the ground and up to 255 on ink; `level` is where ink begins.
    """
    left, top, width, height = cv2.boundingRect(cv2.compare(strength, min(_FAINT, level / 2), cv2.CMP_GT))
    if max(width, height) == BOX and cv2.minMaxLoc(strength)[1] >= _STRONG:
        return _centred(_trimmed(strength))  # it follows the contract; resampling would only blur it
    return _centred(_scaled(strength[top : top + height, left : left + width], level))


def _trimmed(strength: Gray) -> Gray:
    """Cut away the empty margin, and what is more than the contract's picture can hold."""
    left, top, width, height = cv2.boundingRect(strength)
    return strength[top : top + min(height, SIDE), left : left + min(width, SIDE)]


def _scaled(strength: Gray, level: float) -> Gray:
    height, width = strength.shape
    scale = _CANVAS / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = cv2.resize(strength, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = _saturated(canvas, level)
    canvas = _thickened(canvas)
    box = BOX / max(canvas.shape)
    size = (max(1, round(canvas.shape[1] * box)), max(1, round(canvas.shape[0] * box)))
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.uint8)


def _saturated(canvas: Gray, level: float) -> Gray:
    """Stretch the strengths so that the ground is 0 and a stroke's middle 255, with the edges between."""
    ink = float(cv2.mean(canvas, mask=cv2.compare(canvas, level, cv2.CMP_GT))[0])
    low = round(level / 2)
    gain = 255 / (max(ink, level + 1) - low)
    return np.asarray(cv2.convertScaleAbs(cv2.subtract(canvas, (low, 0, 0, 0)), alpha=gain), np.uint8)


def _thickened(canvas: Gray) -> Gray:
    _, mask = cv2.threshold(canvas, 127, 255, cv2.THRESH_BINARY)
    depth = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
    width = 4 * cv2.mean(depth, mask=cv2.compare(depth, 0, cv2.CMP_GT))[0] - 1
    missing = round(_PEN * _CANVAS / BOX - width)
    if missing <= 0:
        return canvas
    margin = (missing + 1) // 2
    roomy = cv2.copyMakeBorder(canvas, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
    return np.asarray(cv2.dilate(roomy, kernel), np.uint8)


def _centred(digit: Gray) -> Gray:
    """Put the digit's centre of mass at the middle, to the pixel, as MNIST does; what would stick out stays within."""
    moments = cv2.moments(digit)
    height, width = digit.shape
    mass = moments["m00"]
    left = _offset(moments["m10"] / mass if mass else width / 2, width)
    top = _offset(moments["m01"] / mass if mass else height / 2, height)
    crop = np.zeros((SIDE, SIDE), np.uint8)
    crop[top : top + height, left : left + width] = digit
    return crop


def _offset(centre: float, length: int) -> int:
    """MNIST's centres of mass lie between 13.5 and 14.5 in both directions, in all 70,000 pictures."""
    return min(max(SIDE // 2 - int(centre + 0.5), 0), SIDE - length)
