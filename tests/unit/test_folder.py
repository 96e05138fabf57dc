"""Looking at the watched folder: what counts as dropped, and what is found."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import watcher.folder
from watcher.errors import FolderMissing
from watcher.folder import FileState, Folder, require_folder
from watcher.selection import Selection


def scan(folder: bytes, below: bytes = b"") -> Iterator[FileState]:
    return Folder(folder).scan(below)


def look_at(folder: bytes, path: bytes) -> FileState | None:
    return Folder(folder).look(path)


def test_a_scan_finds_files_at_every_depth_with_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for path, size in (("top.png", 1), ("a/middle.png", 2), ("a/b/deep.png", 3)):
        (tmp_path / path).write_bytes(b"x" * size)
        os.utime(tmp_path / path, ns=(0, 1_000_000_007 * size))
    found = {state.path: (state.size, state.mtime_ns) for state in scan(os.fsencode(tmp_path))}
    assert found == {
        b"top.png": (1, 1_000_000_007),
        b"a/middle.png": (2, 2_000_000_014),
        b"a/b/deep.png": (3, 3_000_000_021),
    }


def test_an_inode_is_unknown_where_files_are_renumbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "7.png").touch()
    folder = Folder(os.fsencode(tmp_path))
    assert [state.inode for state in folder.scan()] == [(tmp_path / "7.png").stat().st_ino]
    monkeypatch.setattr(watcher.folder, "keeps_inodes", lambda _: False)  # as after a mount
    assert [state.inode for state in folder.scan()] == [0]
    state = folder.look(b"7.png")
    assert state
    assert state.inode == 0


def test_a_scan_below_a_directory_finds_only_that(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "in.png").touch()
    (tmp_path / "out.png").touch()
    assert [state.path for state in scan(os.fsencode(tmp_path), b"a")] == [b"a/in.png"]


def test_a_scan_passes_over_hidden_and_unfinished_files_and_directories(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "7.png").touch()
    (tmp_path / "7.png.part").touch()
    (tmp_path / "7.png").touch()
    assert [state.path for state in scan(os.fsencode(tmp_path))] == [b"7.png"]


@pytest.mark.parametrize("below", [b".git", b"a/.git", b"x.part"])
def test_a_scan_below_a_directory_that_is_not_ours_finds_nothing(tmp_path: Path, below: bytes) -> None:
    (tmp_path / os.fsdecode(below)).mkdir(parents=True)
    (tmp_path / os.fsdecode(below) / "7.png").touch()
    assert list(scan(os.fsencode(tmp_path), below)) == []


def test_a_scan_gives_a_file_before_it_looks_at_the_next(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).touch()
    states = scan(os.fsencode(tmp_path))
    first = os.fsdecode(next(states).path)
    (tmp_path / ("1.png" if first == "2.png" else "2.png")).unlink()
    assert list(states) == []


def test_a_scan_does_not_follow_a_linked_directory_but_sees_the_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.png").touch()
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "watched" / "loop").symlink_to(tmp_path / "watched")
    assert sorted(state.path for state in scan(os.fsencode(tmp_path / "watched"))) == [b"link", b"loop"]


def test_a_scan_sees_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "nowhere").symlink_to("gone")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(tmp_path, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/socket" if os.path.exists("/proc/self/fd") else str(tmp_path / "s"))
        finally:
            os.close(here)
    assert len(list(scan(os.fsencode(tmp_path)))) == 3


def test_a_scan_of_a_directory_that_vanished_finds_nothing(tmp_path: Path) -> None:
    assert list(scan(os.fsencode(tmp_path), b"gone")) == []


def test_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"\xff\n.png")
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    assert [state.path for state in scan(os.fsencode(tmp_path))] == [b"\xff\n.png"]


def test_a_look_gives_nothing_for_a_missing_file_and_for_a_directory(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    assert look_at(os.fsencode(tmp_path), b"gone") is None
    assert look_at(os.fsencode(tmp_path), b"directory") is None
    assert look_at(os.fsencode(tmp_path), b"x" * 5000) is None


def test_a_look_at_a_link_sees_the_link_itself(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"x" * 1000)
    (tmp_path / "link").symlink_to("target")
    found = look_at(os.fsencode(tmp_path), b"link")
    assert found is not None
    assert found.size == len("target")


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FolderMissing, match="gone is not there"):
        require_folder(os.fsencode(tmp_path / "gone"))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderMissing, match="is not a folder"):
        require_folder(os.fsencode(tmp_path / "file"))


def test_a_file_of_another_kind_is_passed_over_with_one_log_line(tmp_path: Path) -> None:
    for name in ("list.csv", "7.PNG.TXT", "7.png", "seven", "7.scan"):
        (tmp_path / name).touch()
    folder = Folder(os.fsencode(tmp_path))
    with capture_logs() as logs:
        for _ in range(2):
            assert sorted(state.path for state in folder.scan()) == [b"7.png", b"7.scan", b"seven"]
            assert folder.look(b"list.csv") is None
    assert sorted(log["path"] for log in logs) == ["7.PNG.TXT", "list.csv"]


def test_a_file_whose_path_is_too_long_is_named_once(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=place)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    (tmp_path / "7.png").touch()
    folder = Folder(os.fsencode(tmp_path))
    with capture_logs() as logs:
        assert [state.path for _ in range(2) for state in folder.scan()] == [b"7.png"] * 2
    assert [(log["log_level"], log["why"]) for log in logs] == [("warning", "File name too long")]
    assert str(logs[0]["path"]).startswith("ddd")


def test_a_directory_that_can_t_be_read_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: bytes) -> Iterator[os.DirEntry[bytes]]:
        raise PermissionError(13, "Permission denied", path)  # the one who runs the tests may be allowed everything

    monkeypatch.setattr(os, "scandir", denied)
    folder = Folder(os.fsencode(tmp_path))
    with capture_logs() as logs:
        assert list(folder.scan(b"closed")) + list(folder.scan(b"closed")) == []
    assert [(log["path"], log["why"]) for log in logs] == [("closed", "Permission denied")]


def test_what_is_not_selected_is_neither_scanned_nor_looked_at(tmp_path: Path) -> None:
    for name in ("var/log", "in/old"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("var/log/7.png", "in/old/7.png", "in/7.png"):
        (tmp_path / name).touch()
    folder = Folder(os.fsencode(tmp_path), Selection(["old"], [b"var"]))
    assert [state.path for state in folder.scan()] == [b"in/7.png"]
    assert list(folder.scan(b"var/log")) == []
    assert (folder.look(b"var/log/7.png"), folder.look(b"in/old/7.png")) == (None, None)
