"""Reading works where TensorFlow is not installed; what needs it says so in one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.place import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", name="python")
def light_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what reading needs, and the project, into an environment of its own."""
    python = tmp_path_factory.mktemp("light") / "venv" / "bin" / "python"
    commands: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", python.parents[1]],
        [python, "-m", "pip", "install", "-q", "-r", ROOT / "requirements" / "reading.txt"],
        [python, "-m", "pip", "install", "-q", "--no-deps", ROOT],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    return python


def digits(python: Path, place: Path, *arguments: str, runtime: str = "litert") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python.with_name("digits"), *arguments],
        cwd=place,
        env={**os.environ, "DIGITS_RUNTIME": runtime},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_samples_are_read_by_the_wheels_own_model_and_without_tensorflow(python: Path, tmp_path: Path) -> None:
    assert not list(python.parents[1].glob("lib/python*/site-packages/tensorflow"))
    ran = digits(python, tmp_path, "run", str(ROOT / "digits"), "--once")
    assert ran.returncode == 0, ran.stderr
    assert "20 files = 18 accepted + 2 rejected" in ran.stdout
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "var" / "log" / "trainer.log").exists()


@pytest.mark.parametrize("arguments", [("run", "--once"), ("read", "{sample}"), ("worker",)])
def test_the_other_runtime_is_missed_in_one_sentence(python: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    sample = tmp_path / "digits" / "zero.png"
    sample.parent.mkdir()
    shutil.copy(ROOT / "digits" / "zero-mnist-28px.png", sample)
    ran = digits(python, tmp_path, *(part.format(sample=sample) for part in arguments), runtime="keras")
    assert ran.returncode == 1
    assert "Keras and TensorFlow are not installed, but the runtime (DIGITS_RUNTIME) is keras" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_training_says_what_it_misses(python: Path, tmp_path: Path) -> None:
    ran = digits(python, tmp_path, "train", "--epochs", "1")
    assert ran.returncode == 1
    assert ran.stderr == "digits: training needs Keras and TensorFlow, which are not installed\n"
