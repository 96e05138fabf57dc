"""Count how many of the ledger's readings are right: `python -m bench.accuracy [--labels labels.csv]`.

Without labels the label is what stands between `-` and `.png` in the file's name, as bench.mnist_folder writes it. With
labels (columns file, label, source, kind; label `none` for pictures that hold no digit) the accuracy is given by kind.
Reads the `results` view and nothing else.
"""

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from db.engine import Database
from settings import load_settings


@dataclass
class Tally:
    """Counts of one kind of picture."""

    files: int = 0
    right: int = 0
    accepted: int = 0
    accepted_wrong: int = 0

    def add(self, *, right: bool, accepted: bool) -> None:
        """Count one file."""
        self.files += 1
        self.right += right
        self.accepted += accepted
        self.accepted_wrong += accepted and not right

    def row(self, kind: str) -> str:
        """Write the counts as a line."""
        wrong = self.accepted_wrong / self.accepted if self.accepted else 0.0
        return (
            f"{kind:<28} {self.files:>6} {self.right / self.files:>8.2%}"
            f" {self.accepted / self.files:>9.2%} {wrong:>15.2%}"
        )


def tally(labels: dict[str, tuple[str, str]] | None) -> dict[str, Tally]:
    """Compare the `results` view with the labels; without labels, with the file names."""
    kinds: dict[str, Tally] = defaultdict(Tally)
    with Database(load_settings().database_url).reading() as connection:
        for path, reading, status in connection.execute(text("SELECT path, reading, status FROM results")):
            if labels is None:
                wanted, kind = Path(path).stem.rpartition("-")[2], "files"
            elif path in labels:
                wanted, kind = labels[path]
            else:
                continue
            # A picture without a digit is read right when nobody is told it has one.
            right = status != "accepted" if wanted == "none" else reading == wanted
            for name in (kind, "all"):
                kinds[name].add(right=right, accepted=status == "accepted")
    return kinds


def read_labels(path: Path) -> dict[str, tuple[str, str]]:
    """Give (label, kind) by file; the kind is its first word, the rest is polarity and size."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: (row["label"], row["kind"].partition(";")[0]) for row in csv.DictReader(file)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path)
    given = parser.parse_args()
    print(f"{'kind':<28} {'files':>6} {'right':>8} {'accepted':>9} {'accepted, wrong':>15}")
    counted = tally(read_labels(given.labels) if given.labels else None)
    for kind, counts in sorted(counted.items(), key=lambda item: (item[0] == "all", item[0])):
        print(counts.row(kind))
