"""State how each architecture is trained: every number that a training depends on, beside the seed."""

from dataclasses import dataclass

from trainer.network import Architecture


@dataclass(frozen=True)
class Recipe:
    """The numbers of one training.

    `peak_rate` is the learning rate after the first `warmup` (a share of all steps); it falls along a half cosine from
    there. `wild` is the share of strongly varied digits; one batch in `renewed` is varied anew, the others show their
    digits in the shape they had last. `drawn` is the number of digits from `trainer.strokes` that join MNIST's,
    `others` that of pictures without a digit from `trainer.others`, `patience` the number of epochs without gain after
    which training stops. `steps_at_once` are taken in one call of Keras, which costs more than a small network's step.
    """

    epochs: int
    batch: int
    peak_rate: float
    warmup: float
    decay: float
    smoothing: float
    wild: float
    renewed: int
    drawn: int
    others: int
    patience: int
    steps_at_once: int

    def text(self) -> str:
        """Say the recipe in one line, for the card."""
        how_often = "each epoch" if self.renewed == 1 else f"every {self.renewed} epochs"
        return (
            f"MNIST, {self.drawn} drawn digits and {self.others} pictures of no digit, varied anew {how_often}, "
            f"{self.wild:.0%} of them strongly; AdamW to "
            f"{self.peak_rate:g} and down a cosine, weight decay {self.decay:g}, batches of {self.batch}, label "
            f"smoothing {self.smoothing:g}, best of at most {self.epochs} epochs"
        )


#: Chosen with short trainings on two cores, by the held-out digits.
RECIPES: dict[Architecture, Recipe] = {
    "cnn": Recipe(
        epochs=60,
        batch=128,
        peak_rate=3e-3,
        warmup=0.15,
        decay=0.02,
        smoothing=0.03,
        wild=0.5,
        renewed=1,
        drawn=20_000,
        others=14_000,
        patience=15,
        steps_at_once=1,
    ),
    "mlp": Recipe(
        epochs=20,
        batch=128,
        peak_rate=3e-3,
        warmup=0.1,
        decay=0.01,
        smoothing=0.0,
        wild=0.0,
        renewed=8,
        drawn=0,
        others=0,
        patience=8,
        steps_at_once=33,
    ),
}
