"""Published versions with a card and no network."""

import hashlib
from pathlib import Path

from recognizer.contract import LITERT_FILE, MODEL_FILE, Card


def write_version(model_dir: Path, version: int, **changes: object) -> None:
    """Write a version whose card says what `changes` says."""
    folder = model_dir / f"{version:04d}"
    folder.mkdir()
    files = {}
    for name in (MODEL_FILE, LITERT_FILE):
        (folder / name).write_bytes(b"weights")
        files[name] = hashlib.sha256(b"weights").hexdigest()
    fields = {
        "version": version, "architecture": "cnn", "recipe": "", "seed": 1, "epochs": 9, "parameters": 123_456,
        "mnist_accuracy": 0.9955, "temperature": 1.25, "accept_threshold": 0.9, "reject_threshold": 0.2,
        "created_at": "2026-11-22T16:04:05+00:00",
        "training_seconds": 620.0, "files": files,
    }  # fmt: skip
    Card(**{**fields, **changes}).write(folder)  # type: ignore[arg-type]
