"""Draw letters by hand: those that nobody takes for a digit.

That leaves out B, D, G, I, J, L, O, Q, S, Y, Z, b, g, i, j, l, o, q, s, y, z.
"""

from trainer.arrays import Rng
from trainer.pen import Stroke, arc, curve, joined, line


def letter(rng: Rng) -> list[Stroke]:
    """Give the strokes of one letter, upper or lower case."""
    if rng.random() < _BOWED_SHARE:
        return _BOWED[int(rng.integers(len(_BOWED)))](rng)
    return list(list(_FIXED.values())[int(rng.integers(len(_FIXED)))])


def letter_of_a_word(rng: Rng) -> list[Stroke]:
    """Give the strokes of one letter that looks like no digit even beside others: P and h are some people's 9 and 4."""
    names = [name for name in _FIXED if name not in _SOME_HANDS_DIGITS]
    return list(_FIXED[names[int(rng.integers(len(names)))]])


def _a(rng: Rng) -> list[Stroke]:
    """Draw a bowl as high as the letter, and a stem with a tail to the right: what keeps it from being a 9."""
    wide, tail = rng.uniform(0.3, 0.45), rng.uniform(0.12, 0.35)
    bowl = arc((wide, 0.5), (wide, 0.5), rng.uniform(-60, -20), -rng.uniform(270, 340))
    right = 2 * wide * rng.uniform(0.9, 1.05)
    stem = curve(
        (right, rng.uniform(0.0, 0.2)), (right - 0.02, 0.6), (right + 0.08, 0.95), (right + tail, 0.9 + tail / 3)
    )
    return [bowl, stem] if rng.random() < 0.5 else [joined(bowl, stem)]  # noqa: PLR2004 - a coin


def _c(rng: Rng) -> list[Stroke]:
    gap = rng.uniform(70, 150)
    return [arc((0, 0.5), (rng.uniform(0.25, 0.5), 0.5), -gap / 2, gap - 360)]


def _d(rng: Rng) -> list[Stroke]:
    wide, top = rng.uniform(0.22, 0.32), rng.uniform(0.4, 0.5)
    bowl = arc((wide, (1 + top) / 2), (wide, (1 - top) / 2), -40, -rng.uniform(290, 350))
    return [bowl, line((2 * wide, 0), (2 * wide, 1))]


def _e(rng: Rng) -> list[Stroke]:
    middle, end = rng.uniform(0.42, 0.58), rng.uniform(0.75, 0.95)
    return [curve((0.02, middle), (0.6, middle - 0.04), (0.5, 0.08), (0.2, 0.02), (0.0, 0.5), (0.25, 1.0), (0.65, end))]


def _u(rng: Rng) -> list[Stroke]:
    wide = rng.uniform(0.5, 0.8)
    bow = curve((0, 0), (0.02, 0.7), (wide / 2, 1.0), (wide, 0.7), (wide, 0))
    return [joined(bow, line((wide, 1))) if rng.random() < 0.5 else bow]  # noqa: PLR2004 - a coin


#: Letters that a hand varies by more than the pen's own straying, and the share of them.
_BOWED = (_a, _a, _c, _d, _e, _u)
_BOWED_SHARE = 0.35
#: Letters that some hands write for a digit.
_SOME_HANDS_DIGITS = "FPfhp"

_FIXED: dict[str, tuple[Stroke, ...]] = {
    "A": (line((0, 1), (0.35, 0), (0.7, 1)), line((0.15, 0.6), (0.55, 0.6))),
    "E": (line((0.6, 0), (0, 0), (0, 1), (0.6, 1)), line((0, 0.5), (0.45, 0.5))),
    "F": (line((0.6, 0), (0, 0), (0, 1)), line((0, 0.5), (0.45, 0.5))),
    "H": (line((0, 0), (0, 1)), line((0.6, 0), (0.6, 1)), line((0, 0.5), (0.6, 0.5))),
    "K": (line((0, 0), (0, 1)), line((0.6, 0), (0, 0.55)), line((0.1, 0.45), (0.6, 1))),
    "M": (line((0, 1), (0.05, 0), (0.4, 0.6), (0.75, 0), (0.8, 1)),),
    "N": (line((0, 1), (0, 0), (0.6, 1), (0.6, 0)),),
    "P": (line((0, 1), (0, 0)), curve((0, 0), (0.5, 0.05), (0.5, 0.45), (0, 0.52))),
    "R": (line((0, 1), (0, 0)), joined(curve((0, 0), (0.5, 0.05), (0.5, 0.45), (0, 0.52)), line((0.55, 1)))),
    "T": (line((0, 0), (0.8, 0)), line((0.4, 0), (0.4, 1))),
    "V": (line((0, 0), (0.35, 1), (0.7, 0)),),
    "W": (line((0, 0), (0.2, 1), (0.45, 0.25), (0.7, 1), (0.9, 0)),),
    "X": (line((0, 0), (0.65, 1)), line((0.65, 0), (0, 1))),
    "f": (curve((0.6, 0.12), (0.4, 0.0), (0.28, 0.25), (0.28, 1.0)), line((0.02, 0.42), (0.6, 0.42))),
    "h": (joined(line((0, 0), (0, 1)), curve((0, 0.7), (0.3, 0.45), (0.5, 0.65), (0.5, 1.0))),),
    "k": (line((0, 0), (0, 1)), line((0.45, 0.4), (0, 0.72)), line((0.12, 0.65), (0.5, 1))),
    "m": (
        line((0, 0), (0, 1)),
        curve((0, 0.4), (0.3, 0.0), (0.5, 0.3), (0.5, 1.0)),
        curve((0.5, 0.4), (0.8, 0.0), (1.0, 0.3), (1.0, 1.0)),
    ),
    "n": (joined(line((0, 0), (0, 1)), curve((0, 0.4), (0.35, 0.0), (0.6, 0.3), (0.6, 1.0))),),
    "p": (line((0, 0), (0, 1)), curve((0, 0.1), (0.45, 0.02), (0.5, 0.4), (0.3, 0.6), (0, 0.5))),
    "r": (joined(line((0, 0), (0, 1)), curve((0, 0.45), (0.2, 0.1), (0.5, 0.08))),),
    "t": (curve((0.25, 0), (0.25, 0.8), (0.4, 1.0), (0.6, 0.9)), line((0, 0.3), (0.55, 0.3))),
    "x": (curve((0, 0), (0.3, 0.3), (0.25, 0.7), (0, 1)), curve((0.65, 0), (0.35, 0.3), (0.38, 0.7), (0.65, 1))),
}  # fmt: skip
