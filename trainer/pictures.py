"""Draw a training's curve and its confusions as SVG pictures."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from presentation.page import render
from presentation.plot import Axis, Line, Plot, Tick
from presentation.text import percent
from trainer.evaluate import Counts
from trainer.fit import History

#: Values named beside an axis, at most.
_TICKS = 6


def draw_curve(history: History, path: Path) -> None:
    """Draw error rate and loss for each epoch, trained and held out, into the SVG file `path`."""
    trained, held = ([100 * (1 - value) for value in values] for values in (history.accuracy, history.held_accuracy))
    plots = [_plot("Wrong digits, %", trained, held), _plot("Loss", history.loss, history.held_loss)]
    path.write_text("".join(render("curve.svg", plots=plots)), encoding="utf-8")


def draw_confusion(counts: Counts, path: Path) -> None:
    """Draw a `(10, 10)` table of readings, true digit by row, into the SVG file `path`."""
    total, right = int(counts.sum()), int(np.trace(counts))
    shares = np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    picture = render(
        "confusion.svg",
        facts=f"{right:,} of {total:,} right ({percent(right / max(total, 1), 2)}), {total - right:,} wrong",
        rows=[{"counts": row, "right": percent(share)} for row, share in zip(counts.tolist(), shares, strict=True)],
        most_wrong=max(1, int((counts - np.diag(np.diag(counts))).max())),
    )
    path.write_text("".join(picture), encoding="utf-8")


def _plot(title: str, trained: Sequence[float], held: Sequence[float]) -> Plot:
    # the first epochs are steep; on a logarithmic scale the last ones can be told apart
    values = [value for value in (*trained, *held) if value > 0] or [1.0]
    low, high = math.log10(min(values)) - 0.05, math.log10(max(values)) + 0.05

    def across(epoch: int) -> float:
        return (epoch - 0.5) / len(trained)

    def up(value: float) -> float:
        return (math.log10(max(value, 10**low)) - low) / (high - low)

    def line(style: str, series: Sequence[float]) -> Line:
        return Line([(across(epoch), up(value)) for epoch, value in enumerate(series, 1)], style, dotted=True)

    step = math.ceil(len(trained) / _TICKS)
    epochs = [Tick(across(epoch), str(epoch)) for epoch in range(step, len(trained) + 1, step)]
    heights = [Tick(up(value), f"{value:g}") for value in _round_values(low, high)]
    return Plot(title, Axis("epoch", epochs), Axis("", heights), [line("trained", trained), line("held", held)])


def _round_values(low: float, high: float) -> list[float]:
    """Pick values such as 0.5, 1 and 2 between two powers of ten."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for leading in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        values = [lead * 10.0**decade for decade in decades for lead in leading]
        inside = [value for value in values if low <= math.log10(value) <= high]
        if len(inside) <= _TICKS:
            break
    return inside
