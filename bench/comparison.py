"""Contenders' costs, run by run, as a table and as a picture."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.cost import Cost

#: Pixels of the picture: its width, the column of names, a bar's place and height, the room for figures beside a bar.
_WIDTH, _NAMES, _STEP, _BAR, _FIGURES = 800, 190, 34, 20, 180
#: Pixels above the first bar.
_HEAD = 62
_INK, _OURS, _OTHERS = "#2d323c", "#1e64aa", "#b4bcc6"
_STYLES = {
    "": f'fill="{_INK}" font-size="14"',
    "name": f'fill="{_INK}" font-size="14" text-anchor="end"',
    "faint": 'fill="#6b737d" font-size="12"',
}


class Comparison:
    """What each contender took in every run; the first one added is what the others are compared with."""

    def __init__(self, title: str, machine: str, files: int, ours: str = "Digit Inbox") -> None:
        self._title = title
        self._machine = machine
        self._files = files
        self._ours = ours
        self._costs: dict[str, list[Cost]] = {}

    def add(self, contender: str, cost: Cost) -> None:
        """Take the cost of one more run."""
        self._costs.setdefault(contender, []).append(cost)

    def run_in_turn(self, chosen: Mapping[str, Callable[[Path], Cost]], place: Path, runs: int) -> None:
        """Run all contenders in turn, several times, each time in a new folder below `place`."""
        for number in range(runs):
            for position, (contender, run) in enumerate(chosen.items()):
                own = place / f"{position}-{number}"
                own.mkdir()
                cost = run(own)
                self.add(contender, cost)
                print(f"run {number + 1}: {contender}: {cost.wall:.2f} s, {cost.cpu:.2f} s of CPU", flush=True)

    def table(self) -> str:
        """Give medians and ranges as a Markdown table. Ratios are those of the same turn."""
        heads = ("", "files a second", "CPU a file (µs)", "files a second, to the first", "CPU a file, to the first")
        rows = [heads, ("---",) * len(heads), *(self._row(contender) for contender in self._costs)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
        lines = [
            "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
            for row in rows
        ]
        return "\n".join([f"{self._title}; {self._machine}; median (range)", "", *lines])

    def _row(self, contender: str) -> tuple[str, ...]:
        costs, first = self._costs[contender], next(iter(self._costs.values()))
        return (
            contender,
            spread(self._speeds(contender)),
            spread([1e6 * one.cpu / self._files for one in costs]),
            spread([theirs.wall / one.wall for theirs, one in zip(first, costs, strict=True)], 2),
            spread([one.cpu / theirs.cpu for theirs, one in zip(first, costs, strict=True)], 2),
        )

    def _speeds(self, contender: str) -> list[float]:
        return [self._files / one.wall for one in self._costs[contender]]

    def picture(self) -> str:
        """Draw the medians as bars, fastest first, with a line over the range: an SVG document."""
        speeds = {contender: self._speeds(contender) for contender in self._costs}
        ranked = sorted(speeds, key=lambda contender: -statistics.median(speeds[contender]))
        scale = (_WIDTH - _NAMES - _FIGURES) / max(max(values) for values in speeds.values())
        height = _HEAD + _STEP * len(ranked) + 10
        bars = [self._bar(one, speeds[one], scale, _HEAD + _STEP * place) for place, one in enumerate(ranked)]
        size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        parts = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif">',
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(12, 24, "Files a second: the bar is the median, the line goes from the slowest run to the fastest"),
            _text(12, 44, f"{self._title}; {self._machine}", "faint"),
            *bars,
            "</svg>\n",
        )
        return "\n".join(parts)

    def _bar(self, contender: str, speeds: Sequence[float], scale: float, top: int) -> str:
        low, middle, high = (_NAMES + scale * value for value in (min(speeds), statistics.median(speeds), max(speeds)))
        fill = _OURS if contender == self._ours else _OTHERS
        centre = top + _BAR // 2
        span = f"M{low:.1f} {centre}H{high:.1f}M{low:.1f} {centre - 4}v8M{high:.1f} {centre - 4}v8"
        parts = (
            _text(_NAMES - 10, centre + 5, contender, "name"),
            f'<rect x="{_NAMES}" y="{top}" width="{middle - _NAMES:.1f}" height="{_BAR}" rx="2" fill="{fill}"/>',
            f'<path d="{span}" stroke="{_INK}" fill="none"/>',
            _text(round(high) + 10, centre + 5, spread(speeds)),
        )
        return "\n".join(parts)


def _text(x: int, y: int, words: str, style: str = "") -> str:
    return f'<text x="{x}" y="{y}" {_STYLES[style]}>{escape(words)}</text>'


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Write median and range."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"
