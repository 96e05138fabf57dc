"""Which paths of the watched folder count."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from settings import Settings
from watcher.selection import LITTER, UNFINISHED_ENDINGS, Selection, is_other_kind, selection_of


@pytest.mark.parametrize("path", [b"7.png", b"a/b/7.png", b"7", b"\xff.png", b"part", b"tmp/7.png", b" ", b"var/7.png"])
def test_a_dropped_file_counts(path: bytes) -> None:
    assert Selection().takes(path)


@pytest.mark.parametrize(
    "path", [b".hidden", b".git/7.png", b"a/.b/7.png", b"a/.7.png", b"7.png~", b"7.PNG.PART", b"x.crdownload", b"7.tmp"]
)
def test_hidden_and_unfinished_files_do_not_count(path: bytes) -> None:
    assert not Selection().takes(path)


@pytest.mark.parametrize(
    "path",
    [
        b"@eaDir/7.png/SYNO@thumb.jpg", b"a/#recycle/7.png", b"#snapshot/7.png", b".@__thumb/7.png", b"__MACOSX/7.png",
        b"Thumbs.db", b"a/desktop.ini", b"7.png.!sync", b"7.png.opdownload",
    ],
)  # fmt: skip
def test_the_litter_of_systems_and_storage_does_not_count(path: bytes) -> None:
    assert not Selection().takes(path)


def test_every_unfinished_ending_and_all_litter_is_passed_over() -> None:
    assert [ending for ending in UNFINISHED_ENDINGS if Selection().takes(b"7.png" + ending)] == []
    assert [name for name in LITTER if Selection().takes(name.upper() + b"/7.png")] == []


@pytest.mark.parametrize(
    ("pattern", "path", "counts"),
    [
        ("backup", b"backup/7.png", False),
        ("backup/", b"a/backup/b/7.png", False),
        ("backup", b"backup2/7.png", True),
        ("/backup", b"backup/7.png", False),
        ("/backup/", b"a/backup/7.png", True),
        ("/*.png", b"7.png", False),
        ("*.OLD", b"a/7.png.old", False),
        ("2019/*", b"2019/a/7.png", False),
        ("2019/*", b"a/2019/7.png", True),
        ("copy ?.png", "copy \N{LATIN SMALL LETTER E WITH ACUTE}.png".encode(), False),
        ("[ab].png", b"b.png", False),
        ("*.png", b"\xff\n.png", False),
        ("7", b"7.png", True),
    ],
)
def test_a_pattern_is_for_names_or_with_a_slash_for_paths(pattern: str, path: bytes, *, counts: bool) -> None:
    assert Selection([pattern, "nothing else"]).takes(path) is counts


@pytest.mark.parametrize("name", [b"list.csv", b"a/notes.TXT", b"7.png.zip", b"table.xlsx"])
def test_a_suffix_tells_another_kind(name: bytes) -> None:
    assert is_other_kind(name)


@pytest.mark.parametrize("name", [b"7.png", b"csv", b"a.zip/7", b"7.heic", b"form.pdf", b"7.001", b"7.", b".csv/7.jpg"])
def test_what_may_be_a_picture_is_no_other_kind(name: bytes) -> None:
    assert not is_other_kind(name)


def test_what_we_write_into_the_watched_folder_ourselves_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "here").symlink_to("real")
    settings = Settings(
        folder=Path("here"),
        var_dir=tmp_path / "real" / "var",
        model_dir=Path("here/my/model"),
        database_url="sqlite:///here/ledger.png",
    )
    selection = selection_of(settings)
    ours = ["var/log/run.log", "my/model/1001/7.png", "ledger.png", "ledger.png-wal"]
    assert [path for path in ours if selection.takes(os.fsencode(path))] == []
    assert all(selection.takes(os.fsencode(path)) for path in ("a/var/7.png", "my/7.png", "model/7.png"))
    elsewhere = selection_of(replace(settings, folder=Path("real/var/inbox")))
    assert elsewhere.takes(b"var/7.png")
