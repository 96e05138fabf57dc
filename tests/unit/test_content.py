"""Which files of the watched folder are hashed: those that a reader opens."""

import hashlib
import os
from pathlib import Path

import pytest

from regular_file import MAX_BYTES
from watcher.content import digest


def digest_of(folder: Path, name: str) -> str | None:
    return digest(os.fsencode(folder), name.encode())


def test_a_regular_file_is_hashed_also_below_directories(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "7.png").write_bytes(b"seven")
    assert digest_of(tmp_path, "a/b/7.png") == hashlib.sha256(b"seven").hexdigest()


@pytest.mark.parametrize("name", ["link/7.png", "link.png", "pipe", "directory", "long.png", "gone.png", "../7.png"])
def test_what_no_reader_opens_is_not_hashed(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "digits", tmp_path / "outside"
    for directory in (folder / "directory", outside):
        directory.mkdir(parents=True)
    for file in (outside / "7.png", tmp_path / "7.png"):
        file.write_bytes(b"seven")
    (folder / "link").symlink_to(outside)
    (folder / "link.png").symlink_to(outside / "7.png")
    os.mkfifo(folder / "pipe")
    (folder / "long.png").touch()
    os.truncate(folder / "long.png", MAX_BYTES + 1)
    assert digest_of(folder, name) is None
