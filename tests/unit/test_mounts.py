"""Whether a folder's file system tells of the files that other machines write."""

import os
from pathlib import Path

import pytest

from watcher.mounts import keeps_inodes, shared_type

LINE = "36 35 98:0 / {point} rw,noatime shared:1 - {kind} source rw\n"


def table(tmp_path: Path, *mounts: tuple[str, str]) -> str:
    lines = [LINE.format(point=point.replace(" ", "\\040"), kind=kind) for point, kind in mounts]
    (tmp_path / "mountinfo").write_text("".join(lines), encoding="utf-8")
    return str(tmp_path / "mountinfo")


@pytest.mark.parametrize(
    ("kind", "shared"), [("nfs4", True), ("fuse.sshfs", True), ("virtiofs", True), ("ext4", False), ("fuseblk", False)]
)
def test_a_file_system_that_others_write_is_told_from_a_local_one(tmp_path: Path, kind: str, *, shared: bool) -> None:
    mounts = table(tmp_path, ("/", "ext4"), (str(tmp_path), kind))
    assert shared_type(os.fsencode(tmp_path), mounts) == (kind if shared else None)


@pytest.mark.parametrize(
    ("kind", "kept"), [("ext4", True), ("nfs4", True), ("fuseblk", True), ("fuse.sshfs", False), ("vboxsf", False)]
)
def test_a_file_system_that_renumbers_its_files_is_told_from_others(tmp_path: Path, kind: str, *, kept: bool) -> None:
    mounts = table(tmp_path, ("/", "ext4"), (str(tmp_path), kind))
    assert keeps_inodes(os.fsencode(tmp_path), mounts) == kept


def test_the_mount_nearest_to_the_folder_counts_and_of_several_there_the_last(tmp_path: Path) -> None:
    folder = tmp_path / "my mount" / "in box"
    folder.mkdir(parents=True)
    point = str(tmp_path / "my mount")
    assert shared_type(os.fsencode(folder), table(tmp_path, (point, "ext4"), (point, "cifs"), ("/", "xfs"))) == "cifs"
    assert shared_type(os.fsencode(folder), table(tmp_path, (point + "2", "cifs"), ("/", "xfs"))) is None


def test_a_folder_that_is_a_link_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to("share")
    mounts = table(tmp_path, ("/", "ext4"), (str(tmp_path / "share"), "nfs"))
    assert shared_type(os.fsencode(tmp_path / "link"), mounts) == "nfs"


def test_a_system_without_such_a_table_says_nothing(tmp_path: Path) -> None:
    assert shared_type(os.fsencode(tmp_path), str(tmp_path / "no table")) is None
