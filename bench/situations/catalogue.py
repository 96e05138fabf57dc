"""List all situations, and make pictures of each from MNIST's test digits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from bench.situations.numbers import NUMBERS, Write
from bench.situations.others import OTHERS
from bench.situations.row import digits_of
from bench.situations.single import SINGLE, ZEROS
from evaluation.labels import NO_DIGIT
from recognizer.arrays import Gray
from recognizer.contract import CLASSES
from trainer.arrays import Rng
from trainer.mnist import Mnist

#: Stands for any digit in a pattern.
_ANY = "#"


@dataclass(frozen=True)
class Situation:
    """Numbers of some patterns, in turn, and how they are put on paper; or what is no number."""

    name: str
    patterns: tuple[str, ...]
    write: Write
    is_number: bool = True


@dataclass(frozen=True)
class Picture:
    """A made-up picture, `(h, w)` uint8, and how it should be written down: NO_DIGIT if it should not be accepted."""

    gray: Gray
    label: str


def situations() -> list[Situation]:
    """Give all situations: one digit, numbers, and what is neither."""
    found = [Situation(name, (_ANY,), _alone(draw)) for name, draw in SINGLE.items()]
    found += [Situation(name, ("0",), _alone(draw)) for name, draw in ZEROS.items()]
    found += [Situation(name, patterns, write) for name, (patterns, write) in NUMBERS.items()]
    found += [Situation(name, patterns, write, is_number=False) for name, (patterns, write) in OTHERS.items()]
    return found


def _alone(draw: Callable[[Gray, Rng], Gray]) -> Write:
    return lambda marks, rng: draw(digits_of(marks)[0], rng)


def pictures(situation: Situation, digits: Mnist, count: int) -> Iterator[Picture]:
    """Make `count` pictures: always the same ones, and the first ones of any larger count."""
    has_one = max(len(pattern) for pattern in situation.patterns) <= 1
    rng = np.random.default_rng(1 if has_one else 2)
    supply = _supply(digits, rng)
    for number in range(count):
        pattern = situation.patterns[number % len(situation.patterns)]
        chosen = [next(supply[one]) if one in supply else one for one in pattern]
        marks = [one if isinstance(one, str) else digits.test_images[one] for one in chosen]
        written = "".join(one if isinstance(one, str) else str(digits.test_labels[one]) for one in chosen)
        yield Picture(situation.write(marks, rng), written if situation.is_number else NO_DIGIT)


def _supply(digits: Mnist, rng: Rng) -> dict[str, Iterator[int]]:
    """Give the test digits' places in a random order, over and over: of each digit, and of all."""
    order = rng.permutation(len(digits.test_labels))
    kinds = {str(digit): order[digits.test_labels[order] == digit] for digit in range(CLASSES)}
    return {one: cycle(places.tolist()) for one, places in {_ANY: order, **kinds}.items()}
