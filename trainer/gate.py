"""Decide whether a new model becomes active: it must read digits and numbers as well as the active one."""

from dataclasses import dataclass
from pathlib import Path

from recognizer.contract import Card, verify_files
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.versions import active_card, folder_of, model_dirs

#: Accuracy on MNIST's 10,000 test digits that a new model may lose, as a fraction of 1.
TOLERANCE = 0.0
#: The same for made-up numbers. They change with the code that draws them.
NUMBERS_TOLERANCE = 0.01


@dataclass(frozen=True)
class Verdict:
    """Whether to activate, and why, in one plain sentence."""

    activate: bool
    reason: str


def judge(model_dir: Path, new: Card, *, force: bool = False) -> Verdict:
    """Compare a new card with the active model's. Read-only."""
    try:
        active = usable_active_card(model_dir)
    except (ModelMissing, ContractMismatch) as error:
        return Verdict(activate=True, reason=f"it is made active because {error}")
    figures = f"{new.mnist_accuracy:.2%} on MNIST against {active.mnist_accuracy:.2%} of version {active.version}"
    if new.numbers or active.numbers:
        figures += f", and {_numbers(new):.1%} of made-up numbers against {_numbers(active):.1%}"
    reads_digits = new.mnist_accuracy >= active.mnist_accuracy - TOLERANCE
    if reads_digits and _numbers(new) >= _numbers(active) - NUMBERS_TOLERANCE:
        return Verdict(activate=True, reason=f"it is made active: {figures}")
    if force:
        return Verdict(activate=True, reason=f"it is made active although it is worse, as asked: {figures}")
    return Verdict(activate=False, reason=f"it is kept but not made active: {figures}")


def _numbers(card: Card) -> float:
    return card.numbers.numbers_right if card.numbers else 0.0


def needed(model_dir: Path) -> str | None:
    """Say why a training is needed, in one plain sentence, or None where a model can be used. Read-only.

    The shipped model replaces an active one that is damaged, until that is repaired or another one is made active.
    """
    troubles = []
    for folder in model_dirs(model_dir):
        try:
            usable_active_card(folder)
        except (ModelMissing, ContractMismatch) as error:
            troubles.append(str(error))
        else:
            return None
    return troubles[0]


def usable_active_card(model_dir: Path) -> Card:
    """Read the active card and check its files; raises ModelMissing or ContractMismatch. Loads no weights."""
    card = active_card(model_dir)
    verify_files(card, folder_of(model_dir, card.version))
    return card
