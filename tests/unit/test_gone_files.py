"""When a file counts as gone."""

import os
from pathlib import Path

import pytest

from regular_file import is_gone, may_be_there
from tests.closed import closed


@pytest.mark.parametrize("name", ["gone.png", "7.png/below", "gone/7.png", "zero\0byte"])
def test_a_name_without_a_file_is_gone(tmp_path: Path, name: str) -> None:
    (tmp_path / "7.png").touch()
    file = os.fsencode(tmp_path) + b"/" + name.encode()
    assert is_gone(file)
    assert not may_be_there(file)


def test_a_link_to_nowhere_is_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    assert not is_gone(os.fsencode(tmp_path / "link"))


@pytest.mark.parametrize("name", ["7.png", "gone.png"])
def test_nobody_can_tell_what_is_gone_from_a_closed_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "7.png").touch()
    file = os.fsencode(tmp_path / "inside" / name)
    with closed(tmp_path / "inside", 0o644):
        with pytest.raises(PermissionError):
            is_gone(file)
        assert may_be_there(file)
