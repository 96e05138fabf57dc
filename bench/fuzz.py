"""Read damaged pictures of any shape, depth and format, and tell the worst: `python -m bench.fuzz --pictures 10000`.

Each picture follows from its number alone: `--from N --pictures 1` makes and reads one again. Given are how many were
read, refused, or ended the process, and which took the most seconds of the processor and the most MB above the model.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.hostile import Cost, cost_of
from recognizer.model import load_model
from recognizer.opencv import cv2
from recognizer.versions import active_version

#: Depths and samples that OpenCV writes in each format.
FORMATS = {
    ".png": ((8, 16), (1, 3, 4)),
    ".tiff": ((8, 16), (1, 3, 4)),
    ".bmp": ((8,), (1, 3, 4)),
    ".webp": ((8,), (3, 4)),
    ".jpg": ((8,), (1, 3)),
    ".pgm": ((8, 16), (1,)),
    ".ppm": ((8, 16), (3,)),
    ".gif": ((8,), (3,)),
}
#: Pixels of a picture, and of a WebP's side, at most.
_MOST_PIXELS, _MOST_WEBP = 20_000_000, 16_383
#: Bytes of a damage, and damages of a picture, at most.
_DAMAGE, _DAMAGES = 16, 12
#: Pictures that are read in one process.
_ROUND = 500
_SHOWN = 5


@dataclass(frozen=True)
class Tried:
    """A picture's number, what it is, its bytes, and what reading it cost; None if it ended the process."""

    number: int
    name: str
    size: int
    cost: Cost | None


def make(number: int) -> tuple[str, bytes]:
    """Draw a picture, write it in a format, and damage two in three."""
    rng = np.random.default_rng(number)
    extension = str(rng.choice(list(FORMATS)))
    depth, samples = (int(rng.choice(choices)) for choices in FORMATS[extension])
    most = _MOST_WEBP if extension == ".webp" else 65_535
    height = int(np.exp(rng.uniform(0, np.log(most))))
    width = int(np.exp(rng.uniform(0, np.log(min(most, max(2, _MOST_PIXELS // height))))))
    pattern = str(rng.choice(["flat", "noise", "checkerboard", "lines", "strokes"]))
    pixels = _drawn(pattern, height, width, rng)
    colours = np.dstack([pixels] * samples) if samples > 1 else pixels
    deep = colours.astype(np.uint16) * 257 if depth > 8 else colours  # noqa: PLR2004 - bits of a byte
    data = bytearray(cv2.imencode(extension, deep)[1].tobytes())
    damages = int(rng.integers(1, _DAMAGES + 1)) if rng.random() < 2 / 3 else 0
    for _ in range(damages):
        _damage(data, rng)
    return f"{extension[1:]}, {depth} x {samples} bits, {height} x {width}, {pattern}, {damages} damages", bytes(data)


def _drawn(pattern: str, height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    step = int(rng.integers(1, 40))
    picture = np.full((height, width), 255, np.uint8)
    if pattern == "noise":
        return rng.integers(0, 256, (height, width), np.uint8)
    if pattern == "checkerboard":
        across = np.arange(max(height, width)) // step % 2
        return np.where(across[:height, None] ^ across[:width], 255, 0).astype(np.uint8)
    if pattern == "lines":
        picture[::step] = 0
    if pattern == "strokes":
        ends = rng.integers(0, (width, height), (30, 2))
        cv2.polylines(picture, [ends.astype(np.int32)], isClosed=False, color=0, thickness=1 + step // 4)
    return picture


def _damage(data: bytearray, rng: np.random.Generator) -> None:
    """Overwrite, insert, remove or repeat some bytes, more often near the header; or cut the end off."""
    at = int(len(data) * rng.random() ** 3)
    some = rng.bytes(int(rng.integers(1, _DAMAGE + 1)))
    kind = int(rng.integers(6))
    if kind == 0 and len(data) > 1:
        del data[at + 1 :]
    elif kind == 1:
        data[at:at] = some
    elif kind == 2:  # noqa: PLR2004 - the kinds are numbered
        del data[at : at + len(some)]
    elif kind == 3:  # noqa: PLR2004 - likewise
        data[at:at] = data[at : at + 4096] * int(rng.integers(1, 50))
    else:
        data[at : at + len(some)] = some


def tried(first: int, pictures: int, model_dir: Path) -> Iterator[Tried]:
    """Read pictures in other processes; one that a picture ends is followed by another, from the next picture on."""
    number, end = first, first + pictures
    while number < end:
        until = min(number + _ROUND, end)
        reader = [sys.executable, "-m", "bench.fuzz", "--read", f"{number}", f"{until}", "--model-dir", str(model_dir)]
        with subprocess.Popen(reader, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                found = json.loads(line)
                yield Tried(number, found["name"], found["size"], Cost(**found["cost"]))
                number += 1
        if process.returncode and number < until:
            yield Tried(number, *_named(number), None)
            number += 1


def _named(number: int) -> tuple[str, int]:
    name, data = make(number)
    return name, len(data)


def _read(numbers: Sequence[int], model_dir: Path) -> None:
    model = load_model(model_dir, active_version(model_dir), "litert")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "picture"
        for number in range(*numbers):
            name, data = make(number)
            path.write_bytes(data)
            del data
            cost = cost_of(path, model)
            print(json.dumps({"name": name, "size": path.stat().st_size, "cost": vars(cost)}), flush=True)


def main() -> None:
    """Read them and print the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2_000)
    parser.add_argument("--from", dest="first", type=int, default=0, help="number of the first picture")
    parser.add_argument("--model-dir", type=Path, default=Path("model"))
    parser.add_argument("--read", nargs=2, type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        _read(given.read, given.model_dir)
        return
    found = list(tried(given.first, given.pictures, given.model_dir))
    costs = [(one, one.cost) for one in found if one.cost]
    kinds = Counter("refused" if cost.answer.startswith("failed") else "read" for _, cost in costs)
    print(f"read {kinds['read']:,}, refused {kinds['refused']:,}, ended the process {len(found) - len(costs):,}")
    for one in found:
        if one.cost is None:
            print(f"  ended the process: {one.number}: {one.name}")
    print(f"{'seconds':>9}{'MB':>6}{'number':>8}  picture")
    slowest = sorted(costs, key=lambda pair: -pair[1].seconds)[:_SHOWN]
    largest = sorted(costs, key=lambda pair: -pair[1].memory)[:_SHOWN]
    for one, cost in (*slowest, *largest):
        print(f"{cost.seconds:>9.2f}{cost.memory / 1e6:>6.0f}{one.number:>8}  {one.name}: {cost.answer}")


if __name__ == "__main__":
    main()
