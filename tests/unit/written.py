"""Digits written on paper, and what was found of them."""

import numpy as np

from recognizer.arrays import Gray
from recognizer.opencv import cv2
from recognizer.preparation import Prepared, Single, prepare
from recognizer.reading import Box


def written(  # noqa: PLR0913 - all but the text have a default
    text: str, *, height: int = 200, width: int = 0, pen: int = 8, paper: int = 255, ink: int = 0
) -> Gray:
    """Write in a font of strokes, in the middle of a sheet that is wide enough."""
    scale = height / 60
    (length, rise), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, pen)
    sheet = np.full((height, width or length + height), paper, np.uint8)
    corner = ((sheet.shape[1] - length) // 2, (height + rise) // 2)
    cv2.putText(sheet, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, pen, cv2.LINE_AA)
    return sheet


def contract_digit(text: str = "5") -> Gray:
    """Make a picture that follows the model contract to the letter: 20 pixels high, its mass in the middle."""
    large = written(text, height=400, pen=26, paper=0, ink=255)
    left, top, width, height = cv2.boundingRect(large)
    tight = cv2.resize(large[top : top + height, left : left + width], (13, 20), interpolation=cv2.INTER_AREA)
    rows, columns = np.mgrid[:20, :13]
    y = 14 - int((tight * rows).sum() / tight.sum() + 0.5)
    x = 14 - int((tight * columns).sum() / tight.sum() + 0.5)
    picture = np.zeros((28, 28), np.uint8)
    picture[y : y + 20, x : x + 13] = tight
    return picture


def extent(crop: Gray) -> tuple[int, int]:
    _, _, width, height = cv2.boundingRect(cv2.compare(crop, 64, cv2.CMP_GT))
    return width, height


def difference(one: Gray, other: Gray) -> float:
    """Compare two crops, grey levels a pixel; rounding may have put them a pixel apart."""
    shifts = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    return min(float(np.abs(np.roll(one, shift, (0, 1)).astype(int) - other).mean()) for shift in shifts)


def clean(picture: Gray) -> Single:
    """Give the only mark of a picture."""
    single = prepare(picture).single
    assert single is not None
    return single


def part_boxes(prepared: Prepared) -> list[Box]:
    """Give the boxes of the ink on the sheet, in the picture's own pixels, from the left."""
    sheet = prepared.sheet
    assert sheet is not None
    boxes = []
    for component in sorted(sheet.components, key=lambda component: component.left):
        left, top, width, height = (
            sheet.factor * side for side in (component.left, component.top, component.width, component.height)
        )
        boxes.append(Box(left + sheet.left, top + sheet.top, width, height))
    return boxes


def is_near(box: Box, expected: tuple[int, int, int, int], within: int) -> bool:
    sides = zip((box.left, box.top, box.width, box.height), expected, strict=True)
    return all(abs(side - wanted) <= within for side, wanted in sides)


def ink_of(sheet: Gray) -> tuple[int, int, int, int]:
    """Give the box of black ink on white."""
    left, top, width, height = cv2.boundingRect(cv2.compare(sheet, 128, cv2.CMP_LT))
    return left, top, width, height


def beside(side: str, breadth: int, *, text: str = "5") -> Gray:
    """Write a digit on a sheet that ends within the picture: beyond it the table is dark."""
    sheet = written(text, height=300, width=300, pen=12)
    edges = {
        "left": sheet[:, :breadth],
        "right": sheet[:, -breadth:],
        "top": sheet[:breadth],
        "bottom": sheet[-breadth:],
    }
    edges[side][:] = 30
    return sheet


def table_corner() -> Gray:
    """Write a digit on a sheet whose corner is folded: a dark triangle reaches in from the border."""
    sheet = written("5", height=300, width=300, pen=12)
    y, x = np.mgrid[:300, :300]
    sheet[x + y < 130] = 30
    return sheet


def dark_label(text: str, *, width: int = 300, at: tuple[int, int] = (100, 60)) -> Gray:
    """Write in white on a black label that is stuck on a white page."""
    page = np.full((420, width + 200), 255, np.uint8)
    label = written(text, height=300, width=width, paper=0, ink=255, pen=24)
    page[at[1] : at[1] + 300, at[0] : at[0] + width] = label
    return page
