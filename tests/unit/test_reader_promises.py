"""Properties of every reading, for random pictures and networks."""

import numpy as np

from recognizer.preparation import Prepared
from recognizer.reader import read
from recognizer.reading import Verdict
from recognizer.symbols import Symbol
from tests.unit.networks import DIGITS, STRANGE, Marks, Networks, contract_picture, picture, read_one


def some_networks(rng: np.random.Generator) -> Networks:
    """Make two networks that often disagree, or see what is not there."""
    agreed = [label for label in DIGITS if rng.random() < 0.5]
    anything = [*range(10), *range(10), *range(Symbol.POINT, Symbol.NOTHING)]
    crops, cells = dict[int, dict[int, float]](), dict[int, Marks]()
    for label in set(DIGITS) - set(agreed):
        sure = float(rng.choice([0.5, 0.97, 0.999]))
        crops[label] = dict.fromkeys(range(10), (1 - sure) / 9) | {int(rng.integers(10)): sure}
        count = int(rng.choice([0, 1, 1, 1, 2]))
        cells[label] = [(int(rng.choice(anything)), float(rng.choice([0.1, 0.5, 0.97])))] * count
    return Networks(crops, cells)


def some_pictures(rng: np.random.Generator) -> list[Prepared]:
    pieces: list[int | str] = [*DIGITS, *DIGITS, STRANGE, ".", "-", " "]
    chosen = [[pieces[place] for place in rng.integers(len(pieces), size=rng.integers(0, 5))] for _ in range(8)]
    return [*(picture(int(rng.integers(6)), *row) for row in chosen), contract_picture()]


def test_pictures_read_together_give_what_each_gives_alone() -> None:
    verdicts = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        pictures, model = some_pictures(rng), some_networks(rng)
        together = read(pictures, model)
        alone = [read_one(one, model) for one in pictures]
        assert together == alone
        for one, other in zip(together, alone, strict=True):
            assert all(np.array_equal(a.crop, b.crop) for a, b in zip(one.digits, other.digits, strict=True))
        assert together[::-1] == read(pictures[::-1], model)
        verdicts |= {reading.verdict for reading in together}
    assert verdicts == set(Verdict)


def test_every_reading_keeps_what_a_reading_promises() -> None:
    verdicts = set()
    for seed in range(100, 120):
        rng = np.random.default_rng(seed)
        for reading in read(some_pictures(rng), some_networks(rng)):
            verdicts.add(reading.verdict)
            assert 0 <= reading.confidence <= 1
            assert (reading.reason is None) is (reading.verdict is Verdict.ACCEPTED)
            if reading.verdict is Verdict.REJECTED:
                assert (reading.text, reading.written) == ("", "")
                continue
            assert len(reading.text) >= 1
            assert reading.text == "".join(str(digit.label) for digit in reading.digits)
            assert reading.text == "".join(character for character in reading.written if character.isdigit())
            assert (reading.verdict is Verdict.REVIEW) or reading.confidence >= 0.9
    assert verdicts == set(Verdict)
