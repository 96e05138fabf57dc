"""Keep the floor below which no situation may fall: the least share right, the largest share wrong of the accepted."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluation.figures import Figures

FLOOR_FILE = Path(__file__).with_name("floor.json")
#: Pictures of each situation that the floor is about.
FILES = 50
#: Pictures by which a reader may be worse than the one that the floor was written with: a retrained network reads a few
#: other ones right.
SLACK_RIGHT, SLACK_WRONG = 4, 2
#: Accepted pictures from which on a share of them tells something.
_TELLING = FILES // 2


@dataclass(frozen=True)
class Floor:
    """The limits of one situation, as fractions of 1.

    `least_right` is the share of pictures whose digits are right, or that are not accepted where there is no number.
    `most_wrong` is the share of wrong ones among the accepted; 1 where there is no number, as all accepted are wrong.
    SLACK_WRONG wrong ones are allowed even so: where few are accepted they are a large share.
    """

    least_right: float
    most_wrong: float

    def stricter(self, other: "Floor") -> "Floor":
        """Give the stricter limits of two floors."""
        return Floor(max(self.least_right, other.least_right), min(self.most_wrong, other.most_wrong))

    def complaint(self, name: str, found: Figures) -> str | None:
        """Say with both figures what is below the floor, None if nothing is."""
        right, wrong = found.top1_right_share or 0.0, found.accepted_wrong_share or 0.0
        if right >= self.least_right and (wrong <= self.most_wrong or found.accepted_wrong <= SLACK_WRONG):
            return None
        return (
            f"{name}: {right:.1%} right, at least {self.least_right:.1%} wanted; "
            f"{wrong:.1%} of the accepted wrong, at most {self.most_wrong:.1%} wanted"
        )


def floor_of(found: Figures, *, is_number: bool) -> Floor:
    """Give the floor that a reader with these figures sets."""
    right = max(0, found.top1_right - SLACK_RIGHT) / found.files
    wrong = (found.accepted_wrong + SLACK_WRONG) / max(_TELLING, found.accepted)
    return Floor(round(right, 4), min(1.0, round(wrong, 4)) if is_number else 1.0)


def write_floor(floors: Mapping[str, Floor], path: Path = FLOOR_FILE) -> None:
    """Write the limits of all situations. A floor that is there already only rises."""
    slack = {"right": SLACK_RIGHT, "wrong": SLACK_WRONG}
    before = read_floor(path) if path.exists() else {}
    limits = {name: asdict(floor.stricter(before.get(name, floor))) for name, floor in floors.items()}
    text = json.dumps({"files": FILES, "slack": slack, "situations": limits}, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


def read_floor(path: Path = FLOOR_FILE) -> dict[str, Floor]:
    """Read the limits of all situations."""
    limits = json.loads(path.read_text(encoding="utf-8"))["situations"]
    return {name: Floor(**one) for name, one in limits.items()}
