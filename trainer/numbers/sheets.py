"""Write a made-up number on a made-up sheet, and note where each of its marks stands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.arrays import Crops, Gray
from recognizer.opencv import cv2
from recognizer.symbols import Symbol
from trainer.arrays import Floats, Rng
from trainer.numbers import glyphs, grounds
from trainer.numbers.glyphs import Glyph, Hand
from trainer.numbers.texts import GAP, a_text, classes

#: Pixels of a sheet, and how much finer it is drawn.
HEIGHT, WIDTH, FINE = 40, 192, 2
#: Heights of digits on a fine sheet, in pixels.
_LOW, _USUAL, _HIGH = 26, 44, 70
#: `harm` of the numbers that are measured: people can read nearly all of them.
_READABLE = 0.3
#: Share of a mark's box from which another one's box hides it.
_HIDDEN = 0.4
#: Share of sheets with two rows.
_TWO_ROWS = 0.06
#: Pixels of free width from which another text may be written, and the probability that it is.
_LEAST_ROOM, _ANOTHER = 90, 0.75
_ROOM, _SPAN = HEIGHT * FINE, WIDTH * FINE


@dataclass(frozen=True)
class Sheet:
    """A picture, `(HEIGHT, WIDTH)` uint8, white ink, and its marks, `(n, 5)`: class, centre x and y, width, height."""

    pixels: Gray
    marks: Floats


def a_sheet(rng: Rng, samples: Sequence[Crops], patterns: Sequence[Gray]) -> Sheet:
    """Make up one sheet; `samples` holds MNIST's `(n, 28, 28)` pictures of each label, `patterns` printed paper."""
    hand = glyphs.a_hand(rng)
    ink = np.zeros((_ROOM, _SPAN), np.uint8)
    rows = 2 if rng.random() < _TWO_ROWS else 1
    marks: list[_Placed] = []
    for row in range(rows):
        band = (row * _ROOM // rows, (row + 1) * _ROOM // rows)
        start = 0
        while _SPAN - start > _LEAST_ROOM and (not start or rng.random() < _ANOTHER):
            written = _write(ink, (start, *band), a_text(rng), hand, rng, samples)
            marks += written
            start = max((mark.box[2] for mark in written), default=start) + int(rng.uniform(0.8, 1.6) * _USUAL)
    harm = rng.uniform(_READABLE, 1.0)
    boxes = [mark.box for mark in marks]
    return Sheet(grounds.on_a_ground(ink, boxes, hand, rng, samples, patterns, harm=harm), _noted(marks))


def a_number(rng: Rng, samples: Sequence[Crops], patterns: Sequence[Gray]) -> tuple[Gray, str]:
    """Make up a picture of one number alone, cut out as people do it; gives also its text, with OTHER."""
    marks: list[_Placed] = []
    text = ""
    while not marks or not _is_legible(marks, text):
        hand, text = glyphs.a_hand(rng), a_text(rng)
        ink = np.zeros((_ROOM, _SPAN), np.uint8)
        marks = _write(ink, (0, 0, _ROOM), text, hand, rng, samples)
    boxes = [mark.box for mark in marks]
    pixels = grounds.on_a_ground(ink, boxes, hand, rng, samples, patterns, harm=_READABLE)
    ends = min(mark.box[0] for mark in marks) // FINE, max(mark.box[2] for mark in marks) // FINE
    before, after = rng.integers(0, 20, 2).tolist()
    return np.ascontiguousarray(pixels[:, max(0, ends[0] - before) : ends[1] + after + 1]), text


def _is_legible(marks: "Sequence[_Placed]", text: str) -> bool:
    """Tell whether every mark of a text is visible: none beyond the border, none within another one."""
    if len(marks) != len(text.replace(GAP, "")):
        return False
    boxes = np.array([mark.box for mark in marks])
    low, high = boxes[:, :2], boxes[:, 2:]
    shared = np.maximum(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), 0).prod(axis=2)
    np.fill_diagonal(shared, 0)
    return bool((shared.max(axis=1) <= _HIDDEN * (high - low).prod(axis=1)).all())


@dataclass(frozen=True)
class _Placed:
    symbol: int
    box: tuple[int, int, int, int]  # left, top, right, bottom, on the fine sheet


def _noted(marks: Sequence[_Placed]) -> Floats:
    """Give the marks in the sheet's own pixels."""
    rows = []
    for mark in marks:
        left, top, right, bottom = (side / FINE for side in mark.box)
        rows.append((mark.symbol, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top))
    return np.array(rows, np.float32).reshape(-1, 5)


def _write(  # noqa: PLR0913, PLR0917 - where, what and how
    ink: Gray, area: tuple[int, int, int], text: str, hand: Hand, rng: Rng, samples: Sequence[Crops]
) -> list[_Placed]:
    """Write one text into an area (left, top, bottom) of the paper, smaller if it would not fit."""
    start, ceiling, floor = area
    room, span = floor - ceiling, _SPAN - start
    height = float(np.clip(np.exp(rng.normal(np.log(_USUAL), 0.28)), _LOW, min(_HIGH, room * 1.02)))
    height = min(height, max(_LOW, 1.25 * span / (len(text) + 1)))
    row = _Row(height, hand, rng)
    drawn = [(symbol, row.glyph(symbol, samples)) for symbol in classes(text)]
    placed = row.placed(drawn)
    if not placed:
        return []
    wide = max(left + glyph.ink.shape[1] for _, glyph, left, _ in placed)
    fit = min(1.0, span / wide)
    tops = [top for *_, top in placed]
    tall = max(top + glyph.ink.shape[0] for _, glyph, _, top in placed) - min(tops)
    fit = min(fit, 1.06 * room / tall)
    aside = start + _free(rng, min(span - wide * fit, 0.8 * _USUAL))
    down = ceiling - fit * min(tops) + _free(rng, room - tall * fit)
    return [mark for one in placed if (mark := _inked(ink, one, fit, aside, down))]


def _free(rng: Rng, room: float) -> float:
    """Choose where to begin in some free room; a row often fills its picture to the edge."""
    if room <= 0:
        return room / 2
    return float(rng.uniform(0, room))


class _Row:
    """One row being written: how high, how far apart, on what slope."""

    def __init__(self, height: float, hand: Hand, rng: Rng) -> None:
        self._height, self._hand, self._rng = height, hand, rng
        self._slope = rng.normal(0, 0.03)
        self._spread = float(rng.choice((0.3, 0.14, 0.04, -0.04), p=(0.2, 0.4, 0.25, 0.15)))
        self._small_zeros = rng.uniform(0.42, 1.0) if rng.random() < 0.35 else 1.0  # noqa: PLR2004 - a share
        self._linked_zeros = rng.uniform(-0.2, 0.06) if rng.random() < 0.2 else None  # noqa: PLR2004 - likewise
        self._tall_ones = rng.uniform(1.0, 1.45) if rng.random() < 0.3 else 1.0  # noqa: PLR2004 - likewise
        self._uneven = rng.uniform(0.02, 0.18)
        self._comb = rng.uniform(0.9, 1.5) * height if rng.random() < 0.05 else 0.0  # noqa: PLR2004 - likewise

    def glyph(self, symbol: int | None, samples: Sequence[Crops]) -> Glyph | None:
        if symbol is None:
            return None
        height = self._height * float(np.exp(self._rng.normal(0, self._uneven)))
        if symbol == 0:
            height *= self._small_zeros
        if symbol == 1:
            height *= self._tall_ones
        if symbol < Symbol.POINT:
            return glyphs.digit(symbol, height, self._hand, self._rng, samples)
        if symbol == Symbol.OTHER:
            return glyphs.other(height, self._hand, self._rng, samples)
        return glyphs.sign(Symbol(symbol), self._height, self._hand, self._rng)

    def placed(self, drawn: Sequence[tuple[int | None, Glyph | None]]) -> list[tuple[int, Glyph, int, int]]:
        """Put the glyphs beside each other by the gaps of their ink; gives class, glyph, left and top of each."""
        pad = int(2 * self._height)
        reach = np.full(5 * pad, -1e6)
        found: list[tuple[int, Glyph, int, int]] = []
        gap, middle = 0.0, 0.0
        for number, (symbol, glyph) in enumerate(drawn):
            if symbol is None or glyph is None:
                gap = self._height * self._rng.uniform(1.0, 2.2)
                continue
            tall, wide = glyph.ink.shape
            top = pad + round(self._top(symbol, glyph, tall) + self._slope * middle)
            edge = np.where(glyph.ink.max(axis=1) > 127, (glyph.ink > 127).argmax(axis=1), 10_000)  # noqa: PLR2004 - half strength
            near = cv2.dilate(reach[top - 3 : top + tall + 3, None], np.ones((7, 1)))[3:-3, 0]
            touch = float((near - edge).max()) + 1
            last = found[-1] if found else None
            left = (
                0
                if last is None
                else round(max(touch + gap + self._between(symbol, last[0]), last[2] + 0.3 * last[1].ink.shape[1]))
            )
            if self._comb and last is not None:
                left = max(left, round(number * self._comb))
            ends = np.where(glyph.ink.max(axis=1) > 127, wide - (glyph.ink[:, ::-1] > 127).argmax(axis=1), -1e6)  # noqa: PLR2004 - likewise
            reach[top : top + tall] = np.maximum(reach[top : top + tall], left + ends)
            found.append((symbol, glyph, left, top))
            gap, middle = 0.0, left + wide / 2
        return found

    def _top(self, symbol: int, glyph: Glyph, tall: int) -> float:
        if Symbol.POINT <= symbol < Symbol.OTHER:
            return glyph.drop * self._height
        below = self._rng.uniform(0, 0.6) * (tall - self._height) if symbol == 1 else 0.0
        return self._height - tall + below + self._rng.normal(0, 0.04) * self._height

    def _between(self, symbol: int, last: int) -> float:
        if symbol == last == 0 and self._linked_zeros is not None:
            return self._height * self._linked_zeros
        spread = self._spread
        if Symbol.POINT <= symbol < Symbol.OTHER or Symbol.POINT <= last < Symbol.OTHER:
            spread = max(spread, 0.0) + self._rng.uniform(0.03, 0.25)
        elif Symbol.OTHER in {symbol, last}:
            spread = max(spread, 0.06)
        return self._height * (spread + self._rng.normal(0, 0.35 * abs(self._spread) + 0.015))


def _inked(ink: Gray, placed: tuple[int, Glyph, int, int], fit: float, aside: float, down: float) -> _Placed | None:
    """Put the part of a glyph that lies within the paper on it."""
    symbol, glyph, left, top = placed
    drawn = glyph.ink
    if fit < 1.0:
        size = (max(1, round(drawn.shape[1] * fit)), max(1, round(drawn.shape[0] * fit)))
        drawn = np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)
    x, y = round(aside + left * fit), round(down + top * fit)
    tall, wide = drawn.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + wide, ink.shape[1]), min(y + tall, ink.shape[0])
    if x1 - x0 < 0.5 * wide or y1 - y0 < 0.5 * tall or x1 <= x0 or y1 <= y0:
        return None
    window = ink[y0:y1, x0:x1]
    np.maximum(window, drawn[y0 - y : y1 - y, x0 - x : x1 - x], out=window)
    return _Placed(symbol, (x0, y0, x1, y1))
