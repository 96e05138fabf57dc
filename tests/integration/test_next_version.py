"""A training beside a version that reads: what the next one keeps of it, and when it takes its place."""

import shutil

import numpy as np
import pytest

from recognizer.contract import NUMBERS_FILE
from recognizer.model import load_model
from recognizer.versions import FIRST_OWN, SHIPPED, active_card, active_version, version_name
from trainer.train import Published, train


@pytest.fixture(scope="module")
def next_one(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Train `mlp` for an epoch beside the shipped version, which reads better."""
    model_dir = tmp_path_factory.mktemp("next") / "model"
    shutil.copytree(SHIPPED, model_dir)
    return train(model_dir, architecture="mlp", epochs=1, seed=3)


def test_worse_model_is_published_but_does_not_serve(next_one: Published) -> None:
    assert next_one.folder.is_dir()
    assert next_one.card.version == FIRST_OWN
    assert not next_one.verdict.activate
    assert active_version(next_one.folder.parent) == active_version(SHIPPED)


def test_a_network_for_digits_alone_keeps_the_number_reader_of_the_active_version(next_one: Published) -> None:
    model_dir, before = next_one.folder.parent, active_card(SHIPPED)
    assert next_one.card.architecture == "mlp"
    assert next_one.card.numbers == before.numbers
    same = [(model_dir / version_name(card.version) / NUMBERS_FILE).read_bytes() for card in (before, next_one.card)]
    assert same[0] == same[1]
    cells = load_model(model_dir, next_one.card.version, "litert").cells(np.zeros((32, 32), np.uint8))
    assert cells.shape[:2] == (4, 8)
