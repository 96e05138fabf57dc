"""Write digits in the forms of other countries' hands, as pen paths one unit high.

They join the forms of `trainer.strokes`: a 2 with a large loop, a 9 that is open above or crosses its own stem, a 4 in
one stroke, a 5 whose flag came off, a slashed or dotted 0.
"""

from collections.abc import Callable

import numpy as np

from trainer.arrays import Rng
from trainer.pen import Stroke, arc, curve, joined, line
from trainer.strokes import FORMS

Form = Callable[[Rng], list[Stroke]]


def digit(label: int, rng: Rng) -> list[Stroke]:
    """Give the strokes of one digit in one of its forms."""
    forms = _ALL[label]
    form = forms[int(rng.integers(len(forms)))]
    if form.__name__.startswith("_square") and rng.random() > _SQUARE_SHARE:
        return digit(label, rng)
    return form(rng)


def _slashed_zero(rng: Rng) -> list[Stroke]:
    wide, reach = rng.uniform(0.28, 0.42), rng.uniform(0.7, 1.25)
    ring = arc((0, 0.5), (wide, 0.5), rng.uniform(180, 360), 370)
    return [ring, line((-wide * reach, 0.5 + 0.5 * reach), (wide * reach, 0.5 - 0.5 * reach))]


def _dotted_zero(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.32, 0.48)
    x, y = rng.uniform(-0.06, 0.06), rng.uniform(0.44, 0.56)
    return [arc((0, 0.5), (wide, 0.5), rng.uniform(180, 360), 370), line((x, y), (x + 0.02, y + 0.02))]


def _zero_with_a_tail(rng: Rng) -> list[Stroke]:
    """Go on to the right above, as people do who write several zeros in one go."""
    wide = rng.uniform(0.3, 0.5)
    ring = arc((0, 0.5), (wide, 0.5), rng.uniform(-80, -30), -rng.uniform(350, 400))
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return [ring]
    return [joined(ring, line((wide * rng.uniform(0.8, 1.7), rng.uniform(-0.05, 0.2))))]


def _zero_with_an_inner_hook(rng: Rng) -> list[Stroke]:
    """Begin within the ring, near its top."""
    wide = rng.uniform(0.32, 0.5)
    start = (rng.uniform(-0.1, 0.25) * wide, rng.uniform(0.3, 0.55))
    turn = (rng.uniform(-0.2, 0.5) * wide, rng.uniform(0.08, 0.25))
    ring = arc((0, 0.5), (wide, 0.5), -rng.uniform(80, 130), -rng.uniform(330, 400))
    return [joined(line(start, turn), ring)]


def _zero_like_an_e(rng: Rng) -> list[Stroke]:
    """Come from the left and leave to the right at the foot, as people do who link their zeros."""
    wide = rng.uniform(0.4, 0.75)
    start, end = -wide * rng.uniform(0.6, 1.6), wide * rng.uniform(0.8, 2.0)
    ring = arc((0, 0.5), (wide, 0.5), rng.uniform(60, 110), -rng.uniform(340, 400))
    return [joined(line((start, rng.uniform(0.75, 1.0))), ring, line((end, rng.uniform(0.8, 1.02))))]


def _open_zero(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.3, 0.5)
    return [arc((0, 0.5), (wide, 0.5), rng.uniform(-110, -50), -rng.uniform(300, 350))]


def _one_with_a_long_upstroke(rng: Rng) -> list[Stroke]:
    start = (-rng.uniform(0.25, 0.75), rng.uniform(0.4, 1.0))
    return [line(start, (0.0, 0.0), (rng.uniform(-0.25, 0.1), 1.0))]


def _one_like_a_slash(rng: Rng) -> list[Stroke]:
    return [line((rng.uniform(0.2, 0.75), 0.0), (0.0, 1.0))]


def _two_with_a_large_loop(rng: Rng) -> list[Stroke]:
    """Turn at the foot in a loop of a quarter to half of the height."""
    wide, loop, neck = rng.uniform(0.4, 0.7), rng.uniform(0.22, 0.5), rng.uniform(0.1, 0.3)
    bow = ((0.0, neck), (wide * 0.25, 0.02), (wide * 0.7, 0.02), (wide * 0.95, 0.22), (wide * 0.7, 0.55))
    turn = ((0.12, 0.96), (-0.08, 1.0 - loop * 0.4), (0.12, 1.0 - loop), (wide * 0.6, 1.0 - loop * 0.25))
    return [curve(*bow, *turn, (wide + rng.uniform(0.0, 0.35), 1.0 - rng.uniform(-0.08, 0.2)))]


def _one_like_a_lambda(rng: Rng) -> list[Stroke]:
    """Begin the upstroke as low as the foot, or nearly."""
    start = (-rng.uniform(0.3, 0.8), rng.uniform(0.75, 1.02))
    return [
        curve(
            start,
            (start[0] * 0.5, start[1] * 0.5),
            (0.0, 0.0),
            (rng.uniform(-0.1, 0.05), 0.5),
            (rng.uniform(-0.15, 0.1), 1.0),
        )
    ]


def _two_with_a_curled_head(rng: Rng) -> list[Stroke]:
    """Begin within the head, which the curl may close; end in a loop or in a corner."""
    wide, low = rng.uniform(0.4, 0.75), rng.uniform(0.25, 0.52)
    start = (wide * rng.uniform(0.15, 0.75), low * rng.uniform(0.75, 1.15))
    curl = (start, (wide * rng.uniform(-0.05, 0.15), low * rng.uniform(0.5, 0.85)), (wide * 0.35, 0.02))
    head = (*curl, (wide * 0.8, 0.02), (wide * rng.uniform(0.85, 1.05), low * 0.6), (wide * 0.65, 0.6))
    end = (wide * rng.uniform(0.8, 1.4), rng.uniform(0.85, 1.02))
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return [joined(curve(*head, (0.0, 1.0)), line(end))]
    return [curve(*head, (0.12, 0.97), (-0.06, 0.92), (0.1, rng.uniform(0.7, 0.88)), (wide * 0.5, 0.92), end)]


def _two_with_a_closed_head(rng: Rng) -> list[Stroke]:
    """Close the head as a 9 does, go down from it, and end in a foot: a corner or a loop."""
    wide, low = rng.uniform(0.22, 0.4), rng.uniform(0.3, 0.5)
    head = arc((wide, low / 2), (wide, low / 2), rng.uniform(40, 150), rng.uniform(290, 360))
    foot, reach = rng.uniform(-0.25, 0.1), rng.uniform(0.3, 0.8)
    stem = curve(tuple(head[-1]), (wide * 1.5, low * 1.15), ((wide + foot) / 2, 0.75), (foot, rng.uniform(0.95, 1.02)))
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return [joined(head, stem, line((foot + reach, rng.uniform(0.92, 1.08))))]
    turn = curve((foot, 0.98), (foot - 0.1, 0.9), (foot + 0.08, rng.uniform(0.78, 0.88)), (foot + reach, 1.0))
    return [joined(head, stem, turn)]


def _two_like_a_z(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.4, 0.75)
    return [line((0, rng.uniform(0, 0.12)), (wide, 0.0), (0.0, 1.0), (wide * rng.uniform(0.8, 1.2), 1.0))]


def _three_with_a_loop(rng: Rng) -> list[Stroke]:
    upper, lower = rng.uniform(0.4, 0.6), rng.uniform(0.45, 0.65)
    top = ((0.0, 0.12), (0.25, 0.0), (upper, 0.2), (0.28, 0.45), (0.14, 0.42), (0.24, 0.4))
    return [curve(*top, (lower, 0.7), (0.3, 1.0), (-0.05, rng.uniform(0.8, 0.95)))]


def _three_with_a_straight_tail(rng: Rng) -> list[Stroke]:
    """Make little of the lower bow: it hardly comes back to the left."""
    wide, waist = rng.uniform(0.3, 0.5), rng.uniform(0.2, 0.4)
    top = (
        (0.0, rng.uniform(0.02, 0.12)),
        (wide * 0.7, 0.0),
        (wide, 0.08),
        (wide * 0.6, waist - 0.06),
        (wide * 0.45, waist),
    )
    tail = ((wide * 1.1, waist + 0.15), (wide * 1.15, 0.75), (wide * rng.uniform(0.5, 1.1), 1.0))
    return [curve(*top, *tail)]


def _four_like_an_h(rng: Rng) -> list[Stroke]:
    """Go down and to the right in a bow; the second stroke begins at the bow and leads down from it."""
    wide, bar = rng.uniform(0.4, 0.7), rng.uniform(0.5, 0.7)
    first = line((rng.uniform(0.1, 0.4), 0.0), (0.0, bar))
    bow = curve((0.0, bar), (wide * 0.4, bar - rng.uniform(0.05, 0.25)), (wide, bar - rng.uniform(0.0, 0.2)))
    stem = line((wide * rng.uniform(0.7, 1.0), bar - rng.uniform(0.0, 0.3)), (wide * rng.uniform(0.5, 0.9), 1.0))
    return [joined(first, bow), stem]


def _four_with_a_low_bar(rng: Rng) -> list[Stroke]:
    """Make the first stroke long and the second one short, low at the end of the bar."""
    wide, bar = rng.uniform(0.35, 0.7), rng.uniform(0.65, 0.92)
    first = line((wide * rng.uniform(0.1, 0.8), 0.0), (0.0, bar), (wide, bar + rng.uniform(-0.12, 0.06)))
    x = wide * rng.uniform(0.6, 1.0)
    return [first, line((x, bar - rng.uniform(0.15, 0.5)), (x - rng.uniform(0.0, 0.2), bar + rng.uniform(0.08, 0.35)))]


def _four_in_one_stroke(rng: Rng) -> list[Stroke]:
    """Go down, round to the right, up into a loop and down through the bow, like a psi."""
    wide, bar = rng.uniform(0.45, 0.8), rng.uniform(0.5, 0.7)
    bow = ((0.0, rng.uniform(0.0, 0.15)), (0.02, bar * 0.7), (wide * 0.35, bar), (wide * 0.8, bar * 0.75))
    loop = ((wide, 0.2), (wide * 0.85, 0.0), (wide * 0.62, 0.25), (wide * 0.55, 0.7), (wide * 0.5, 1.0))
    return [curve(*bow, *loop)]


def _four_closed_without_a_crossing(rng: Rng) -> list[Stroke]:
    """Draw a triangle whose bar ends at the stem."""
    wide, bar = rng.uniform(0.35, 0.7), rng.uniform(0.42, 0.68)
    top = (wide, rng.uniform(-0.03, 0.03))
    corner = line((wide + rng.uniform(-0.12, 0.04), rng.uniform(-0.03, 0.12)), (0.0, bar))
    return [
        joined(corner, line((wide, bar + rng.uniform(-0.1, 0.04)))),
        line(top, (wide - rng.uniform(-0.05, 0.2), 1.0)),
    ]


def _four_like_a_u(rng: Rng) -> list[Stroke]:
    wide, bar = rng.uniform(0.4, 0.7), rng.uniform(0.4, 0.65)
    bow = curve((0.0, 0.05), (0.0, bar * 0.8), (wide * 0.4, bar), (wide, bar * 0.8))
    return [bow, line((wide, rng.uniform(0.0, 0.2)), (wide * rng.uniform(0.7, 1.0), 1.0))]


def _five_without_its_stem(rng: Rng) -> list[Stroke]:
    """Write it like an S or an r: the flag long and on its own, the belly shallow."""
    wide, neck = rng.uniform(0.35, 0.6), rng.uniform(0.3, 0.45)
    belly = curve((0.05, 0.06), (0.0, neck), (0.35, neck), (0.42, 0.7), (0.2, 1.0), (-0.1, rng.uniform(0.8, 0.98)))
    flag = line((0.05, rng.uniform(-0.02, 0.12)), (wide + rng.uniform(0.1, 0.4), rng.uniform(-0.12, 0.06)))
    return [belly, flag + np.array([rng.uniform(-0.05, 0.12), 0.0])]


def _five_like_an_r(rng: Rng) -> list[Stroke]:
    """Make little of the belly, whose end hardly comes back to the left; the flag is short or far away."""
    wide, neck = rng.uniform(0.25, 0.5), rng.uniform(0.22, 0.45)
    top = (rng.uniform(0.05, 0.3), rng.uniform(0.0, 0.1))
    belly = curve(
        (0.0, neck),
        (wide * 0.6, neck - rng.uniform(0.0, 0.15)),
        (wide, neck + 0.15),
        (wide * rng.uniform(0.5, 0.95), 0.78),
        (wide * rng.uniform(-0.3, 0.5), 1.0),
    )
    flag = line(top, (wide + rng.uniform(0.05, 0.6), top[1] + rng.uniform(-0.14, 0.04)))
    return [joined(line(top), belly), flag + np.array([rng.uniform(-0.05, 0.1), rng.uniform(-0.04, 0.02)])]


def _five_like_a_root(rng: Rng) -> list[Stroke]:
    """Draw a root's sign: what was a belly is a short arm on the left."""
    foot, neck = rng.uniform(0.12, 0.35), rng.uniform(0.0, 0.2)
    start = (0.0, rng.uniform(0.25, 0.75))
    top = (foot + rng.uniform(-0.05, 0.25), neck)
    end = (top[0] + rng.uniform(0.3, 0.8), neck + rng.uniform(-0.12, 0.08))
    return [line(start, (foot, 1.0), top, end)]


def _six_like_a_b(rng: Rng) -> list[Stroke]:
    high, wide = rng.uniform(0.3, 0.5), rng.uniform(0.18, 0.3)
    loop = arc((wide, 1 - high / 2), (wide, high / 2), 180, -rng.uniform(300, 380))
    return [joined(line((rng.uniform(0.0, 0.35), 0.0), (0.0, 0.6)), loop)]


def _seven_with_a_wave(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.45, 0.8)
    top = curve((0.0, rng.uniform(0.02, 0.2)), (wide * 0.3, 0.0), (wide * 0.6, 0.08), (wide, 0.0))
    seven = [joined(top, line((wide * rng.uniform(0.2, 0.6), 1.0)))]
    if rng.random() < 0.6:  # noqa: PLR2004 - a share
        middle, reach = wide * rng.uniform(0.55, 0.75), rng.uniform(0.12, 0.35)
        seven.append(line((middle - reach, rng.uniform(0.42, 0.6)), (middle + reach, rng.uniform(0.38, 0.56))))
    return seven


def _seven_like_an_f(rng: Rng) -> list[Stroke]:
    """Begin with a short stroke down, bend the stem, and cross it with a long bar."""
    wide = rng.uniform(0.4, 0.7)
    foot = wide * rng.uniform(0.1, 0.5)
    stem = curve(
        (0.0, rng.uniform(0.1, 0.25)), (0.05, 0.02), (wide * 0.6, 0.05), (wide, 0.0), (foot + 0.12, 0.5), (foot, 1.0)
    )
    y = rng.uniform(0.45, 0.6)
    return [stem, line((foot - rng.uniform(0.1, 0.3), y), (foot + rng.uniform(0.3, 0.6), y - rng.uniform(-0.05, 0.1)))]


def _seven_like_a_plus(rng: Rng) -> list[Stroke]:
    """Make the head short and the bar long."""
    head, lean = rng.uniform(0.15, 0.42), rng.uniform(0.0, 0.35)
    stem = curve(
        (-head, rng.uniform(0.02, 0.2)),
        (-head * 0.5, 0.0),
        (0.0, rng.uniform(0.0, 0.07)),
        (-lean * 0.5, 0.5),
        (-lean, 1.0),
    )
    y, rise = rng.uniform(0.38, 0.6), rng.normal(0.0, 0.05)
    return [stem, line((-lean / 2 - rng.uniform(0.18, 0.4), y), (-lean / 2 + rng.uniform(0.18, 0.5), y - rise))]


def _eight_like_a_b(rng: Rng) -> list[Stroke]:
    """Write a stem and two bows, the stem more or less bent."""
    wide, waist = rng.uniform(0.35, 0.55), rng.uniform(0.42, 0.52)
    stem = curve((0.05, 0.0), (rng.uniform(-0.02, 0.12), waist), (0.0, 1.0))
    bows = curve(
        (0.0, 0.05),
        (wide * 0.9, 0.1),
        (wide * 0.7, waist - 0.08),
        (0.1, waist),
        (wide, waist + 0.15),
        (wide * 0.8, 0.95),
        (0.0, 0.98),
    )
    return [stem, bows]


def _eight_open_above(rng: Rng) -> list[Stroke]:
    """Start and end apart at the top, as a fast hand leaves it."""
    upper, lower, waist = rng.uniform(0.1, 0.3), rng.uniform(0.2, 0.34), rng.uniform(0.35, 0.55)
    left = ((-upper, waist * 0.45), (0.0, waist), (lower, 0.5 + waist / 2), (0.0, 1.0))
    right = ((-lower, 0.5 + waist / 2), (0.0, waist), (upper, waist * 0.5))
    apart = rng.uniform(0.05, 0.3)
    return [curve((upper * 0.5, 0.0), *left, *right, (upper * 0.5 + apart, -rng.uniform(-0.1, 0.12)))]


def _eight_of_two_bows(rng: Rng) -> list[Stroke]:
    """Write an S and go back up to its start."""
    wide = rng.uniform(0.2, 0.32)
    down = ((wide, 0.12), (0.0, 0.0), (-wide, 0.2), (0.0, 0.46), (wide, 0.76), (0.0, 1.0), (-wide, 0.78))
    return [curve(*down, (0.0, 0.5), (wide * rng.uniform(0.8, 1.5), rng.uniform(0.0, 0.2)))]


def _nine_open_above(rng: Rng) -> list[Stroke]:
    """Begin at the right and leave the loop open: a bow and a stem, like a g or a y."""
    high, wide = rng.uniform(0.3, 0.55), rng.uniform(0.3, 0.5)
    bow = curve(
        (wide * 0.8, rng.uniform(0.0, 0.1)), (0.1, 0.03), (0.0, high * 0.7), (wide * 0.4, high), (wide, high * 0.5)
    )
    stem = line((wide, rng.uniform(-0.06, 0.1)), (wide - rng.uniform(-0.05, 0.3), 1.0))
    return [joined(bow, stem) if rng.random() < 0.5 else bow, stem]  # noqa: PLR2004 - a coin


def _nine_in_one_bow(rng: Rng) -> list[Stroke]:
    """Draw a loop and a long bent tail without lifting the pen, like a P turned round."""
    wide, high = rng.uniform(0.3, 0.5), rng.uniform(0.3, 0.5)
    loop = ((wide, high * 0.5), (wide * 0.5, 0.0), (0.0, high * 0.5), (wide * 0.5, high), (wide, high * 0.4))
    tail = ((wide + rng.uniform(-0.05, 0.06), 0.7), (wide - rng.uniform(0.0, 0.35), 1.0))
    return [curve(*loop, *tail)]


def _nine_with_a_crossing_tail(rng: Rng) -> list[Stroke]:
    """Let the loop begin left of the stem, so that its stroke crosses it."""
    wide, high = rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.5)
    start = (-wide * rng.uniform(0.6, 1.4), high * rng.uniform(0.9, 1.3))
    loop = ((wide * 0.5, high), (wide, high * 0.5), (wide * 0.5, 0.0), (0.0, high * 0.35))
    return [curve(start, *loop, (0.0, 0.65), (rng.uniform(-0.1, 0.15), 1.0))]


def _nine_like_a_p(rng: Rng) -> list[Stroke]:
    """Go up the stem and round to its right, or begin with the bow: a P whose foot may lean to the left."""
    wide, high = rng.uniform(0.3, 0.55), rng.uniform(0.35, 0.6)
    foot, lean = rng.uniform(-0.3, 0.1), rng.uniform(-0.05, 0.15)
    stem = line((lean, rng.uniform(0.0, 0.12)), (foot, 1.0))
    start = (lean - rng.uniform(0.0, 0.25), rng.uniform(0.1, 0.35))
    end = (lean - rng.uniform(0.0, 0.15), high * rng.uniform(0.8, 1.1))
    bow = curve(start, (lean + wide * 0.3, 0.0), (lean + wide, high * 0.4), (lean + wide * 0.6, high * 0.9), end)
    return [bow, stem]


_HERE: tuple[tuple[Form, ...], ...] = (
    (
        _zero_with_a_tail, _zero_with_a_tail, _open_zero, _zero_with_an_inner_hook, _zero_with_an_inner_hook,
        _zero_like_an_e, _zero_like_an_e, _slashed_zero, _dotted_zero,
    ),
    (
        _one_with_a_long_upstroke, _one_with_a_long_upstroke, _one_with_a_long_upstroke, _one_like_a_lambda,
        _one_like_a_slash, _one_like_a_slash,
    ),
    (
        _two_with_a_large_loop, _two_with_a_large_loop, _two_with_a_curled_head, _two_with_a_curled_head,
        _two_with_a_curled_head, _two_with_a_closed_head, _two_with_a_closed_head, _two_like_a_z,
    ),
    (_three_with_a_loop, _three_with_a_straight_tail),
    (
        _four_in_one_stroke, _four_like_a_u, _four_like_a_u, _four_like_an_h, _four_like_an_h,
        _four_closed_without_a_crossing, _four_with_a_low_bar, _four_with_a_low_bar,
    ),
    (
        _five_without_its_stem, _five_without_its_stem, _five_like_an_r, _five_like_an_r, _five_like_a_root,
    ),
    (_six_like_a_b, _six_like_a_b),
    (_seven_with_a_wave, _seven_with_a_wave, _seven_like_an_f, _seven_like_a_plus, _seven_like_a_plus),
    (_eight_open_above, _eight_open_above, _eight_of_two_bows, _eight_like_a_b),
    (
        _nine_open_above, _nine_open_above, _nine_in_one_bow, _nine_in_one_bow, _nine_with_a_crossing_tail,
        _nine_like_a_p, _nine_like_a_p, _nine_like_a_p,
    ),
)  # fmt: skip
#: Probability of the square forms of `trainer.strokes`, which people draw on screens and rarely write.
_SQUARE_SHARE = 0.15
#: The forms of each digit; each is drawn as often as it is listed.
_ALL = tuple((*known, *here) for known, here in zip(FORMS, _HERE, strict=True))
