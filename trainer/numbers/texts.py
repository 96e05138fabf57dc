"""Make up texts as people write them: amounts, measurements, dates, scores, and texts that are no number."""

from recognizer.symbols import CHARACTERS
from trainer.arrays import Rng

#: Stands in a text for a mark that is neither digit nor sign.
OTHER = "?"
#: Stands in a text for a wide gap between two numbers.
GAP = " "


def a_text(rng: Rng) -> str:
    """Give the text of one row: digits, signs, OTHER and GAP."""
    kinds, shares = zip(*_KINDS, strict=True)
    text: str = kinds[int(rng.choice(len(kinds), p=shares))](rng)
    return text


def classes(text: str) -> list[int | None]:
    """Give the class of each mark, None for a gap."""
    return [None if one == GAP else CHARACTERS.index(one) if one in CHARACTERS else len(CHARACTERS) for one in text]


def _digits(rng: Rng, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def _count(rng: Rng, most: int) -> int:
    return int(rng.integers(1, most + 1))


def _plain(rng: Rng) -> str:
    return _digits(rng, _count(rng, 8))


def _single(rng: Rng) -> str:
    return _digits(rng, 1)


def _amount(rng: Rng) -> str:
    """Give an amount as on a check: many zeros, points between thousands, an end that leaves no room."""
    count = int(rng.choice((2, 3, 4, 5, 6), p=(0.08, 0.17, 0.27, 0.33, 0.15)))
    number = _digits(rng, count)
    if rng.random() < 0.4:  # noqa: PLR2004 - a share
        zeros = int(rng.integers(1, count))
        number = number[: count - zeros] + "0" * zeros
    if count > 3 and rng.random() < 0.55:  # noqa: PLR2004 - thousands; a share
        number = number[:-3] + ("." if rng.random() < 0.85 else ",") + number[-3:]  # noqa: PLR2004 - likewise
    end = str(
        rng.choice(
            ("", ".", ".-", "-", "=", ".=", ",", ",-", "--"), p=(0.42, 0.13, 0.14, 0.12, 0.08, 0.04, 0.03, 0.02, 0.02)
        )
    )
    return number + end


def _decimal(rng: Rng) -> str:
    mark = "." if rng.random() < 0.5 else ","  # noqa: PLR2004 - a coin
    return _signed(rng) + _digits(rng, _count(rng, 4)) + mark + _digits(rng, _count(rng, 3))


def _signed(rng: Rng) -> str:
    return "-" if rng.random() < 0.25 else ""  # noqa: PLR2004 - a share


def _with_a_sign(rng: Rng) -> str:
    mark = str(rng.choice(("-", "/", ":", "."), p=(0.35, 0.35, 0.2, 0.1)))
    if rng.random() < 0.25:  # noqa: PLR2004 - a share: a negative number
        return "-" + _digits(rng, _count(rng, 4))
    return _digits(rng, _count(rng, 3)) + mark + _digits(rng, _count(rng, 3))


def _date(rng: Rng) -> str:
    mark = str(rng.choice(("/", "-", ".")))
    return mark.join(
        (_digits(rng, _count(rng, 2)), _digits(rng, _count(rng, 2)), _digits(rng, int(rng.choice((2, 4)))))
    )


def _two_numbers(rng: Rng) -> str:
    return _digits(rng, _count(rng, 4)) + GAP + _digits(rng, _count(rng, 4))


def _no_number(rng: Rng) -> str:
    return OTHER * int(rng.choice((1, 2, 3, 5), p=(0.5, 0.2, 0.15, 0.15)))


def _with_another_mark(rng: Rng) -> str:
    """Give a number beside a letter or a unit, or after a mark that was struck out."""
    marks, number = OTHER * _count(rng, 2), _digits(rng, _count(rng, 5))
    return marks + number if rng.random() < 0.6 else number + marks  # noqa: PLR2004 - a share


_KINDS = (
    (_amount, 0.33),
    (_plain, 0.22),
    (_single, 0.09),
    (_decimal, 0.08),
    (_with_a_sign, 0.07),
    (_date, 0.03),
    (_two_numbers, 0.04),
    (_no_number, 0.07),
    (_with_another_mark, 0.07),
)
