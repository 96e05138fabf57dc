"""The shipped model on made-up pictures of every situation: none may fall below the floor that was written down."""

import pytest

from bench.situations.catalogue import Situation, situations
from bench.situations.floor import FILES, read_floor
from bench.situations.measurement import measure
from recognizer.model import LoadedModel, load_model
from recognizer.versions import SHIPPED, active_version
from trainer import mnist
from trainer.mnist import Mnist


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model(SHIPPED, active_version(SHIPPED), "litert")


@pytest.fixture(scope="module")
def digits() -> Mnist:
    return mnist.load()


def test_every_situation_has_a_floor_and_every_floor_a_situation() -> None:
    names, floors = {one.name for one in situations()}, set(read_floor())
    again = "python -m bench.situations --files 50 --write-floor"
    assert not names - floors, f"without a floor: {sorted(names - floors)}; `{again}` writes it"
    assert not floors - names, f"a floor without a situation: {sorted(floors - names)}; `{again}` writes it"


@pytest.mark.parametrize("situation", situations(), ids=lambda one: one.name)
def test_a_situation_is_read_no_worse_than_its_floor(situation: Situation, model: LoadedModel, digits: Mnist) -> None:
    floor = read_floor().get(situation.name)
    assert floor, f"{situation.name} has no floor"
    complaint = floor.complaint(situation.name, measure(situation, digits, model, FILES))
    assert complaint is None, complaint
