"""Read the pictures of a situation with a model, and count."""

from bench.situations.catalogue import Situation, pictures
from evaluation.figures import Figures, figures
from evaluation.labels import Labelled
from evaluation.outcome import Outcome
from recognizer.preparation import prepare
from recognizer.reader import Model, read
from trainer.mnist import Mnist


def measure(situation: Situation, digits: Mnist, model: Model, count: int) -> Figures:
    """Count over a number of pictures of a situation, as `digits evaluate` counts."""
    made = list(pictures(situation, digits, count))
    readings = read([prepare(one.gray) for one in made], model)
    labels = [Labelled(f"{situation.name} {number}", one.label) for number, one in enumerate(made)]
    return figures(Outcome(label, reading) for label, reading in zip(labels, readings, strict=True))
