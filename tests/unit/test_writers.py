"""The kernel tells whether somebody has a file open for writing."""

import os
from pathlib import Path

import pytest

from watcher.writers import has_writer

pytestmark = pytest.mark.linux  # only Linux tells who writes a file


def test_a_file_has_a_writer_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "7.png"
    with path.open("wb") as file:
        file.write(b"some bytes")
        assert has_writer(os.fsencode(path))
    assert not has_writer(os.fsencode(path))


def test_a_reader_is_no_writer(tmp_path: Path) -> None:
    path = tmp_path / "7.png"
    path.touch()
    with path.open("rb"):
        assert not has_writer(os.fsencode(path))


def test_a_writer_is_found_under_another_name_of_the_file(tmp_path: Path) -> None:
    with (tmp_path / "7.png").open("wb"):
        os.link(tmp_path / "7.png", tmp_path / "link.png")
        assert has_writer(os.fsencode(tmp_path / "link.png"))


def test_what_is_gone_or_no_regular_file_has_no_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("gone", "pipe", "link", "."):
        assert not has_writer(os.fsencode(tmp_path / name))


def test_somebody_who_starts_to_write_just_then_is_not_kept_waiting_and_does_us_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "7.png"
    path.touch()
    for _ in range(200):
        assert not has_writer(os.fsencode(path))
        with path.open("wb"):
            assert has_writer(os.fsencode(path))
