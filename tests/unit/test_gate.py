"""A worse model is kept, but does not serve."""

import dataclasses
import json
from pathlib import Path

from recognizer.contract import LITERT_FILE, MODEL_FILE, NUMBERS_FILE, NUMBERS_LITERT_FILE, Card, NumberCard
from trainer.gate import judge, needed
from trainer.publish import activate, publish

CARD = Card(
    version=0,
    architecture="cnn",
    recipe="none",
    seed=1,
    epochs=1,
    parameters=1,
    mnist_accuracy=0.995,
    temperature=1.0,
    accept_threshold=0.9,
    reject_threshold=0.2,
    created_at="2024-01-01T00:00:00+00:00",
    training_seconds=1.0,
    files={},
    litert_margin=0.0,
)


def with_accuracy(accuracy: float) -> Card:
    return dataclasses.replace(CARD, mnist_accuracy=accuracy)


def serve(model_dir: Path, accuracy: float = 0.995) -> Path:
    card = publish(model_dir, with_accuracy(accuracy), _write)
    activate(model_dir, card.version)
    return model_dir / f"{card.version:04d}"


def _write(folder: Path) -> None:
    (folder / MODEL_FILE).write_bytes(b"weights")
    (folder / LITERT_FILE).write_bytes(b"weights")


def test_first_model_is_activated(tmp_path: Path) -> None:
    verdict = judge(tmp_path, CARD)
    assert verdict.activate
    assert "no model is active" in verdict.reason


def test_better_model_is_activated(tmp_path: Path) -> None:
    serve(tmp_path, 0.9951)
    assert judge(tmp_path, with_accuracy(0.9952)).activate


def test_equally_good_model_is_activated(tmp_path: Path) -> None:
    serve(tmp_path, 0.9951)
    assert judge(tmp_path, with_accuracy(0.9951)).activate


def test_model_that_reads_one_digit_less_is_kept_aside(tmp_path: Path) -> None:
    serve(tmp_path, 0.9951)
    verdict = judge(tmp_path, with_accuracy(0.9950))
    assert not verdict.activate
    assert verdict.reason == "it is kept but not made active: 99.50% on MNIST against 99.51% of version 1001"


def test_worse_model_is_activated_when_told_to(tmp_path: Path) -> None:
    serve(tmp_path)
    assert judge(tmp_path, with_accuracy(0.5), force=True).activate


def test_model_of_another_contract_is_replaced_by_a_worse_one(tmp_path: Path) -> None:
    card = serve(tmp_path) / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "contract": 0}))
    verdict = judge(tmp_path, with_accuracy(0.9))
    assert verdict.activate
    assert "contract version" in verdict.reason


def test_damaged_model_is_replaced_by_a_worse_one(tmp_path: Path) -> None:
    (serve(tmp_path) / "model.keras").write_bytes(b"other weights")
    assert judge(tmp_path, with_accuracy(0.9)).activate


def test_training_is_needed_without_a_model(tmp_path: Path) -> None:
    assert needed(tmp_path / "nowhere") == f"no model is active in {tmp_path / 'nowhere'}"


def test_training_is_needed_when_the_active_model_is_damaged(tmp_path: Path) -> None:
    (serve(tmp_path) / "model.keras").unlink()
    assert "can't be read" in (needed(tmp_path) or "")


def test_training_is_not_needed_with_a_usable_model(tmp_path: Path) -> None:
    serve(tmp_path)
    assert needed(tmp_path) is None


def reading_numbers(share: float) -> Card:
    numbers = NumberCard("none", 1, 1, 1, 1.0, 0.9, share, 1.0, 0.0, 0.95)
    return dataclasses.replace(CARD, numbers=numbers)


def serve_numbers(model_dir: Path, share: float) -> None:
    def write(folder: Path) -> None:
        _write(folder)
        (folder / NUMBERS_FILE).write_bytes(b"weights")
        (folder / NUMBERS_LITERT_FILE).write_bytes(b"weights")

    activate(model_dir, publish(model_dir, reading_numbers(share), write).version)


def test_a_model_that_reads_numbers_worse_is_kept_aside(tmp_path: Path) -> None:
    serve_numbers(tmp_path, 0.8)
    assert judge(tmp_path, reading_numbers(0.795)).activate
    verdict = judge(tmp_path, reading_numbers(0.78))
    assert not verdict.activate
    assert verdict.reason.endswith("of version 1001, and 78.0% of made-up numbers against 80.0%")


def test_a_model_without_a_number_reader_does_not_replace_one_with_it(tmp_path: Path) -> None:
    serve_numbers(tmp_path, 0.8)
    assert not judge(tmp_path, CARD).activate
    assert judge(tmp_path, CARD, force=True).activate
