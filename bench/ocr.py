"""Read labelled pictures with our reader and with RapidOCR, side by side: `python -m bench.ocr FOLDER --labels FILE`.

RapidOCR (extra `ocr`) reads twice: with its default settings, which look for lines of text first, and without that
search, which takes the picture for one line. Where it is not installed, our reader is measured alone. Each reader has
one thread, is given one file at a time in the same run, and has read one file before the first that is timed.

The table tells by kind how many have the right digits under any verdict, how many are accepted, how many of those
have other digits than the label, and the median milliseconds a file. What holds no number is right if it is not
accepted. RapidOCR accepts what it is more than 95% sure of in every line, if it is digits and signs and nothing else.
"""

import argparse
import os
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evaluation.labels import NO_DIGIT, Labelled, locate, read_labels
from recognizer.errors import UnreadableImage
from recognizer.model import load_model
from recognizer.reader import Model, prepare_file, read
from recognizer.reading import Verdict
from recognizer.versions import active_version
from settings import load_settings

#: RapidOCR's score above which a line counts as accepted.
SURE = 0.95
_NO_DIGITS = re.compile("[^0-9]+")
_NUMBER = re.compile("[-.,/:= 0-9]*[0-9][-.,/:= 0-9]*")
#: One thread, and no word but of errors.
_RAPID_SETTINGS = {
    "Global.log_level": "error",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


@dataclass(frozen=True)
class Answer:
    """What a reader says of one file: its digits alone, and whether nobody would look at it again."""

    digits: str
    accepted: bool


@dataclass(frozen=True)
class Result:
    """One reader's answer to one labelled file, and the seconds that it took."""

    label: Labelled
    answer: Answer
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the digits are the label's; where there is no number, whether it is not accepted."""
        return not self.answer.accepted if self.label.label == NO_DIGIT else self.answer.digits == self.label.digits

    @property
    def accepted_wrong(self) -> bool:
        """Whether it is wrong and nobody would notice."""
        return self.answer.accepted and not self.right


Read = Callable[[Path], Answer]


def ours(model: Model) -> Read:
    """Read with our reader; a file that can't be read has no digits."""

    def answer(file: Path) -> Answer:
        try:
            prepared = prepare_file(os.fsencode(file)).prepared
        except UnreadableImage:
            return Answer("", accepted=False)
        (reading,) = read([prepared], model)
        return Answer("".join(str(digit.label) for digit in reading.digits), reading.verdict is Verdict.ACCEPTED)

    return answer


def rapid(*, looks_for_lines: bool) -> Read:
    """Read with RapidOCR."""
    library: Any = import_module("rapidocr")
    engine = library.RapidOCR(params={**_RAPID_SETTINGS, "Global.use_det": looks_for_lines})

    def answer(file: Path) -> Answer:
        try:
            found = engine(str(file))
        except (OSError, library.LoadImageError):
            return Answer("", accepted=False)
        texts, scores = found.txts or (), found.scores or ()
        number = all(_NUMBER.fullmatch(text) for text in texts)
        return Answer(_NO_DIGITS.sub("", "".join(texts)), bool(texts) and number and min(scores) > SURE)

    return answer


def readers(model: Model, *, slow: bool = True) -> dict[str, Read]:
    """Give our reader, and RapidOCR's two ways where it is installed, with the `slow` one or without."""
    found = {"Digit Inbox": ours(model)}
    if find_spec("rapidocr"):
        if slow:
            found["RapidOCR"] = rapid(looks_for_lines=True)
        found["RapidOCR, one line"] = rapid(looks_for_lines=False)
    return found


def measure(labels: Sequence[Labelled], files: Sequence[Path], by_name: dict[str, Read]) -> dict[str, list[Result]]:
    """Let all readers read each file in turn."""
    for answer in by_name.values():
        answer(files[0])
    results: dict[str, list[Result]] = {name: [] for name in by_name}
    for label, file in zip(labels, files, strict=True):
        for name, answer in by_name.items():
            began = time.perf_counter()
            given = answer(file)
            results[name].append(Result(label, given, time.perf_counter() - began))
    return results


def table(results: dict[str, list[Result]]) -> str:
    """Give a line for each kind and reader, at last for all kinds together."""
    kinds = sorted({one.label.kind for found in results.values() for one in found})
    lines = [
        f"{'kind':<30} {'files':>5}  {'reader':<18} {'right':>7} {'accepted':>9} {'accepted, wrong':>15} {'ms':>7}"
    ]
    for kind in (*kinds, None):
        for name, found in results.items():
            ones = [one for one in found if kind in {one.label.kind, None}]
            lines.append(_line("all" if kind is None else kind, name, ones))
    return "\n".join(lines)


def _line(kind: str, name: str, ones: Sequence[Result]) -> str:
    accepted, wrong = sum(one.answer.accepted for one in ones), sum(one.accepted_wrong for one in ones)
    right, milliseconds = sum(one.right for one in ones), 1000 * statistics.median(one.seconds for one in ones)
    share = f"{wrong / accepted:.2%}" if accepted else ""
    figures = f"{right / len(ones):>7.1%} {accepted / len(ones):>9.1%} {share:>15} {milliseconds:>7.1f}"
    return f"{kind:<30} {len(ones):>5}  {name:<18} {figures}"


def _chosen(labels: Sequence[Labelled], most: int | None) -> list[Labelled]:
    """Choose at most `most` files of each kind, evenly spread over it."""
    kinds: dict[str, list[Labelled]] = defaultdict(list)
    for label in labels:
        kinds[label.kind].append(label)
    return [one for ones in kinds.values() for one in ones[:: -(-len(ones) // most) if most else 1]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labels", type=Path, required=True, help="a CSV file as `digits evaluate` takes it")
    parser.add_argument("--most", type=int, metavar="N", help="files of each kind; all if not given")
    parser.add_argument(
        "--skip-slow", action="store_true", help="leave out RapidOCR's search for lines: a second a file"
    )
    parser.add_argument("--model-dir", type=Path, default=load_settings().model_dir)
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    labels = _chosen(read_labels(given.labels), given.most)
    by_name = readers(load_model(given.model_dir, active_version(given.model_dir), "litert"), slow=not given.skip_slow)
    if len(by_name) == 1:
        print("RapidOCR is not installed: pip install -e '.[ocr]'")
    print(table(measure(labels, locate(given.folder, labels), by_name)))
