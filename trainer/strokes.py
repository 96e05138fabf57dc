"""Draw digits in the forms that are rare in MNIST, which Americans wrote.

A 1 with its upstroke, an open 4, a barred 7, a 9 like a g, the square digits of pixel drawings, and the usual forms as
other pens and programs draw them.
"""

import math
from collections.abc import Callable

import numpy as np

from recognizer.arrays import Crops, DigitLabels
from recognizer.contract import SIDE
from trainer.arrays import Rng
from trainer.pen import Stroke, arc, curve, draw, joined, line

Form = Callable[[Rng], list[Stroke]]


def draw_strokes(count: int, rng: Rng) -> tuple[Crops, DigitLabels]:
    """Draw `count` digits as the model contract asks: `(n, 28, 28)` uint8 images and their `(n,)` uint8 labels."""
    labels = rng.integers(len(FORMS), size=count).astype(np.uint8)
    images = [draw(_form(int(label), rng)(rng), rng) for label in labels]
    return np.array(images, np.uint8).reshape(-1, SIDE, SIDE), labels


def _form(label: int, rng: Rng) -> Form:
    forms = FORMS[label]
    return forms[int(rng.integers(len(forms)))]


def _round_zero(rng: Rng) -> list[Stroke]:
    sweep = rng.uniform(305, 400) * rng.choice((-1, 1))
    return [arc((0.0, 0.5), (rng.uniform(0.25, 0.48), 0.5), rng.uniform(180, 360), sweep)]


def _square_zero(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    return [line((0, 0), (wide, 0), (wide, 1), (0, 1), (0, 0))]


def _plain_one(rng: Rng) -> list[Stroke]:
    return [line((rng.uniform(-0.1, 0.25), 0), (0, 1))]


def _one(rng: Rng) -> list[Stroke]:
    """Draw a downstroke with an upstroke that falls by at least 30 degrees: with less it would be a 7."""
    angle, length = math.radians(rng.uniform(34, 75)), rng.uniform(0.2, 0.85)
    start = (-length * math.cos(angle), length * math.sin(angle))
    foot = (rng.uniform(-0.25, 0.1), 1.0)
    if rng.random() < 0.3:  # noqa: PLR2004 - a share: a hand that does not stop at the top
        return [curve(start, (start[0] / 3, start[1] / 4), (0.0, 0.02), (0.03, 0.15), foot)]
    return [line(start, (0.0, 0.0), foot)]


def _one_on_a_foot(rng: Rng) -> list[Stroke]:
    reach = rng.uniform(0.12, 0.45)
    stem = _one(rng) if rng.random() < 0.7 else _plain_one(rng)  # noqa: PLR2004 - a share
    (foot, _) = stem[0][-1]
    return [*stem, line((foot - reach, 1.0), (foot + reach, 1.0))]


def _round_two(rng: Rng) -> list[Stroke]:
    wide, neck = rng.uniform(0.5, 0.75), rng.uniform(0.15, 0.32)
    bow = curve((0, neck), (wide * 0.2, 0.04), (wide * 0.6, 0.0), (wide * 0.9, 0.25), (wide * 0.6, 0.6), (0, 1.0))
    return [joined(bow, line((rng.uniform(0.3, 0.85), 1 + rng.uniform(-0.06, 0.06))))]


def _two_with_a_loop(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.5, 0.8)
    bow = ((0.02, 0.22), (wide * 0.5, 0.0), (wide * 0.85, 0.25), (wide * 0.5, 0.65), (0.1, 0.97), (0.0, 0.85))
    return [curve(*bow, (0.2, 0.82), (wide * 0.6, 0.98), (wide + 0.1, rng.uniform(0.82, 0.98)))]


def _square_two(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    return [line((0, 0), (wide, 0), (wide, 0.5), (0, 0.5), (0, 1), (wide, 1))]


def _round_three(rng: Rng) -> list[Stroke]:
    waist, upper, lower = rng.uniform(0.1, 0.3), rng.uniform(0.45, 0.6), rng.uniform(0.5, 0.7)
    top = curve((0, rng.uniform(0.05, 0.18)), (0.25, 0.0), (upper, 0.22), (waist, 0.46))
    return [joined(top, curve((waist, 0.46), (lower, 0.7), (0.3, 1.0), (0, rng.uniform(0.82, 0.95))))]


def _flat_three(rng: Rng) -> list[Stroke]:
    wide, waist = rng.uniform(0.45, 0.65), rng.uniform(0.1, 0.3)
    top = line((0, 0), (wide, rng.uniform(-0.03, 0.03)), (waist, 0.42))
    return [joined(top, curve((waist, 0.42), (0.6, 0.65), (0.35, 1.0), (0, rng.uniform(0.85, 0.95))))]


def _square_three(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    return [line((0, 0), (wide, 0), (wide, 1), (0, 1)), line((rng.uniform(0, 0.2), 0.5), (wide, 0.5))]


def _open_four(rng: Rng) -> list[Stroke]:
    """Draw down, across, and a second stroke through the end: open at the top."""
    wide, bar = rng.uniform(0.3, 0.8), rng.uniform(0.45, 0.85)
    stem = wide * rng.uniform(0.55, 1.0)
    first = line((wide * rng.uniform(0.1, 0.8), 0.0), (0.0, bar), (wide, bar + rng.uniform(-0.12, 0.06)))
    return [first, line((stem, bar - rng.uniform(0.05, 0.45)), (stem - rng.uniform(-0.05, 0.2), 1.0))]


def _closed_four(rng: Rng) -> list[Stroke]:
    wide, bar = rng.uniform(0.5, 0.8), rng.uniform(0.55, 0.75)
    stem = wide * rng.uniform(0.6, 0.85)
    return [line((stem, 1.0), (stem, 0.0), (0.0, bar), (wide, bar))]


def _round_four(rng: Rng) -> list[Stroke]:
    """Draw the first stroke as one bow, as a fast hand does."""
    wide, bar = rng.uniform(0.5, 0.8), rng.uniform(0.5, 0.7)
    bow = curve((wide * 0.5, 0.0), (wide * 0.4, 0.35), (0.02, bar + 0.1), (0.15, bar + 0.12), (wide, bar - 0.05))
    stem = wide * rng.uniform(0.55, 0.8)
    return [bow, line((stem, bar - rng.uniform(0.05, 0.3)), (stem, 1.0))]


def _looped_four(rng: Rng) -> list[Stroke]:
    wide, bar = rng.uniform(0.6, 0.9), rng.uniform(0.55, 0.68)
    start, turn = (wide * rng.uniform(0.3, 0.55), 0.0), (wide * 0.4, 0.3)
    loop = ((0.04, bar + 0.1), (0.05, 0.95), (wide * 0.35, bar + 0.2), (wide * 0.65, bar), (wide, bar - 0.03))
    stem = wide * rng.uniform(0.55, 0.8)
    return [curve(start, turn, *loop), line((stem, bar - rng.uniform(0.0, 0.2)), (stem, 1.0))]


def _square_four(rng: Rng) -> list[Stroke]:
    wide, bar = rng.uniform(0.4, 0.7), rng.uniform(0.45, 0.65)
    return [line((0, 0), (0, bar), (wide, bar)), line((wide, rng.uniform(0, 0.2)), (wide, 1))]


def _five(rng: Rng) -> list[Stroke]:
    neck, wide = rng.uniform(0.32, 0.46), rng.uniform(0.45, 0.7)
    flag = line((wide, rng.uniform(-0.03, 0.05)), (0.06, 0.0))
    belly = curve((0.03, neck), (0.33, neck - 0.06), (0.62, 0.66), (0.3, 1.0), (0, rng.uniform(0.85, 0.95)))
    if rng.random() < 0.5:  # noqa: PLR2004 - the flag comes first, or last with a pen that missed the stem
        return [joined(flag, belly)]
    missed = np.array([rng.uniform(-0.03, 0.1), rng.uniform(-0.03, 0.03)])
    return [joined(line((0.06, 0.0)), belly), flag + missed]


def _five_in_one_bow(rng: Rng) -> list[Stroke]:
    neck = rng.uniform(0.38, 0.48)
    return [curve((0.6, 0.02), (0.25, 0.03), (0.1, neck), (0.5, neck + 0.12), (0.5, 0.88), (0.25, 1.0), (0, 0.92))]


def _square_five(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    return [line((wide, 0), (0, 0), (0, 0.5), (wide, 0.5), (wide, 1), (0, 1))]


def _six(rng: Rng) -> list[Stroke]:
    """Come down into a loop that takes a third to three fifths of the height: with more it would be a 0."""
    high, wide = rng.uniform(0.33, 0.6), rng.uniform(0.22, 0.4)
    middle = 1 - high / 2
    loop = arc((wide, middle), (wide, high / 2), 200, -rng.uniform(330, 400))
    return [joined(curve((wide * rng.uniform(0.6, 2.0), 0.0), (wide * 0.35, 0.3 * middle + 0.1), tuple(loop[0])), loop)]


def _square_six(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    top = wide * rng.choice((0, 1), p=(0.3, 0.7))
    return [line((top, 0), (0, 0), (0, 1), (wide, 1), (wide, 0.5), (0, 0.5))]


def _seven(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.8)
    return [line((0.0, rng.uniform(-0.04, 0.08)), (wide, 0.0), (wide * rng.uniform(0.1, 0.7), 1.0))]


def _barred_seven(rng: Rng) -> list[Stroke]:
    seven = _seven(rng)
    (right, _), (foot, _) = seven[0][1:]
    middle = (right + foot) / 2
    reach = rng.uniform(0.12, 0.28)
    return [*seven, line((middle - reach, rng.uniform(0.45, 0.56)), (middle + reach, rng.uniform(0.44, 0.55)))]


def _seven_with_a_hook(rng: Rng) -> list[Stroke]:
    seven = _seven(rng)
    return [joined(line((rng.uniform(-0.04, 0.04), rng.uniform(0.12, 0.25))), seven[0])]


def _bent_seven(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.45, 0.8)
    foot = wide * rng.uniform(0.2, 0.6)
    return [joined(line((0, 0), (wide, 0)), curve((wide, 0), (foot + 0.1, 0.4), (foot, 1)))]


def _eight(rng: Rng) -> list[Stroke]:
    """Draw the one stroke that crosses itself, its end more or less meeting its start."""
    upper, lower, waist = rng.uniform(0.18, 0.3), rng.uniform(0.24, 0.36), rng.uniform(0.4, 0.52)
    start = (upper * 0.8, rng.uniform(0.05, 0.15))
    left = ((0.0, 0.0), (-upper, waist * 0.45), (0.0, waist), (lower, 0.5 + waist / 2), (0.0, 1.0))
    right = ((-lower, 0.5 + waist / 2), (0.0, waist), (upper, waist * 0.5))
    return [curve(start, *left, *right, (start[0] + rng.uniform(-0.05, 0.12), start[1] + rng.uniform(-0.1, 0.08)))]


def _two_rings(rng: Rng) -> list[Stroke]:
    waist = rng.uniform(0.38, 0.52)
    upper = arc((0, waist / 2), (rng.uniform(0.18, 0.3), waist / 2), 90, rng.uniform(340, 380))
    lower = arc((rng.uniform(-0.04, 0.04), (1 + waist) / 2), (rng.uniform(0.22, 0.38), (1 - waist) / 2), -90, 360)
    return [upper, lower]


def _square_eight(rng: Rng) -> list[Stroke]:
    zero = _square_zero(rng)
    return [*zero, line((0, 0.5), (zero[0][1, 0], 0.5))]


def _nine(rng: Rng) -> list[Stroke]:
    """Draw a loop of a fifth to most of the height, and a stem from its right: straight, or hooked as in a g."""
    high, wide = rng.uniform(0.22, 0.62), rng.uniform(0.14, 0.34)
    loop = arc((wide, high / 2), (wide, high / 2), -20, -rng.uniform(330, 380))
    right, foot = 2 * wide, 2 * wide - rng.uniform(-0.05, 0.25)
    stem = line((right, rng.uniform(-0.05, 0.6) * high), (foot, 1.0))
    if rng.random() < 0.4:  # noqa: PLR2004 - a share
        hook = (foot - rng.uniform(0.2, 0.5), rng.uniform(0.8, 1.0))
        curl = ((foot - 0.3, 0.72), (foot - 0.05, 0.75)) if rng.random() < 0.3 else ()  # noqa: PLR2004 - likewise
        stem = curve((right, 0.3 * high), (right, 0.75), (foot - 0.12, 1.0), hook, *curl)
    return [loop, stem]


def _square_nine(rng: Rng) -> list[Stroke]:
    wide, high = rng.uniform(0.3, 0.8), rng.uniform(0.25, 0.55)
    foot = [(wide, 1)] if rng.random() < 0.5 else [(wide, 1), (0, 1)]  # noqa: PLR2004 - a coin
    return [line((wide, high), (0, high), (0, 0), (wide, 0), *foot)]


#: The forms of each digit; each is drawn as often as it is listed.
FORMS: tuple[tuple[Form, ...], ...] = (
    (_round_zero, _round_zero, _round_zero, _square_zero),
    (_plain_one, _one, _one, _one, _one_on_a_foot, _one_on_a_foot),
    (_round_two, _two_with_a_loop, _square_two),
    (_round_three, _flat_three, _square_three),
    (_open_four, _open_four, _closed_four, _round_four, _looped_four, _square_four),
    (_five, _five, _five_in_one_bow, _square_five),
    (_six, _six, _six, _square_six),
    (_seven, _barred_seven, _seven_with_a_hook, _bent_seven),
    (_eight, _two_rings, _square_eight),
    (_nine, _nine, _nine, _square_nine),
)
