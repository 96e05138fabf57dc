"""Count what is read right in the situations that people's pictures come in: `python -m bench.situations`.

MNIST's test digits are put on made-up sheets: one digit on ruled or squared paper, in a box, in a shadow, in faint
pencil; numbers with signs, in rows, on check paper. What is no digit is right if it is not accepted. The columns tell
how many have the right digits under any verdict, the right digits and signs where signs or gaps belong to them, how
many are accepted, and how many of those are wrong.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.situations.catalogue import Situation, situations
from bench.situations.floor import FILES, SLACK_RIGHT, SLACK_WRONG, floor_of, write_floor
from bench.situations.measurement import measure
from evaluation.figures import Figures
from recognizer.model import load_model
from recognizer.versions import active_version
from settings import load_settings
from trainer import mnist

#: The runtime that the floor is about: the test of the floor uses it too.
_FLOOR_RUNTIME = "litert"


def _share(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}%}"


def _line(name: str, found: Figures) -> str:
    cells = (_share(found.top1_right_share), _share(found.signs_right_share), _share(found.accepted_share))
    wrong = _share(found.accepted_wrong_share, 2)
    return f"{name:<30} {cells[0]:>7} {cells[1]:>7} {cells[2]:>9} {wrong:>15}"


def _measure_all(given: argparse.Namespace) -> dict[Situation, Figures]:
    """Measure and print one situation after the other."""
    digits = mnist.load()
    model = load_model(given.model_dir, active_version(given.model_dir), given.runtime)
    print(f"{'situation':<30} {'right':>7} {'signs':>7} {'accepted':>9} {'accepted, wrong':>15}")
    found = {}
    for situation in situations():
        if not given.only or situation.name in given.only:
            found[situation] = measure(situation, digits, model, given.files)
            print(_line(situation.name, found[situation]), flush=True)
    return found


def _arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=400, help="pictures of each situation")
    parser.add_argument("--only", action="append", metavar="NAME", help="this situation; may be given several times")
    parser.add_argument("--model-dir", type=Path, default=load_settings().model_dir)
    parser.add_argument("--runtime", choices=("keras", "litert"), default=_FLOOR_RUNTIME)
    slack = f"{SLACK_RIGHT} pictures fewer right, {SLACK_WRONG} more accepted and wrong"
    parser.add_argument("--write-floor", action="store_true", help=f"let future readers have {slack}, no more")
    given = parser.parse_args(words)
    if given.write_floor and (given.files != FILES or given.only or given.runtime != _FLOOR_RUNTIME):
        parser.error(f"the floor is about {FILES} pictures of every situation, read with {_FLOOR_RUNTIME}")
    return given


if __name__ == "__main__":
    given = _arguments()
    measured = _measure_all(given)
    if given.write_floor:
        write_floor({one.name: floor_of(found, is_number=one.is_number) for one, found in measured.items()})
