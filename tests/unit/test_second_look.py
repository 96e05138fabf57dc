"""The second look at what the network is unsure of."""

import numpy as np

from recognizer.arrays import Crops, Probabilities
from recognizer.second_look import look_twice


class Looks:
    """Is as sure of a crop as its brightest pixel says, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Crops] = []

    def __call__(self, crops: Crops) -> Probabilities:
        self.shown.append(crops)
        sure = crops.max(axis=(1, 2)) / np.float32(255)
        rows = np.zeros((len(crops), 10), np.float32)
        rows[:, 3], rows[:, 5] = sure, 1 - sure
        return rows


def crops_of(*levels: int) -> Crops:
    crops = np.zeros((len(levels), 28, 28), np.uint8)
    crops[:, 8:20, 10:18] = np.array(levels, np.uint8)[:, None, None]
    return crops


def test_what_is_sure_is_looked_at_once() -> None:
    looks = Looks()
    found = look_twice(looks, crops_of(255, 250))
    assert len(looks.shown) == 1
    assert found.argmax(axis=1).tolist() == [3, 3]


def test_only_what_is_unsure_is_looked_at_again_in_eight_ways_near_the_first() -> None:
    looks = Looks()
    crops = crops_of(255, 160)
    look_twice(looks, crops)
    first, again = looks.shown
    assert (len(first), len(again)) == (2, 8)
    assert len({crop.tobytes() for crop in again}) == 8
    for crop in again:
        assert 0 < np.abs(crop.astype(float) - crops[1]).mean() < 12


def test_the_answer_is_the_mean_of_all_looks_and_still_sums_to_one() -> None:
    answers = iter([np.eye(10, dtype=np.float32)[[1]] * 0.6 + 0.04, np.eye(10, dtype=np.float32)[[2] * 8]])
    (found,) = look_twice(lambda _: next(answers), crops_of(200))
    assert found.argmax() == 2
    assert np.isclose(found.sum(), 1)
    assert np.isclose(found[1], 0.64 / 9)


def test_no_crops_give_no_rows() -> None:
    assert look_twice(Looks(), np.zeros((0, 28, 28), np.uint8)).shape == (0, 10)
