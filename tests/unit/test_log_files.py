"""Logs stay small while processes write them, and nobody else reads them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor import log_files
from supervisor.lock import run_lock
from supervisor.log_files import make_log_folder, open_log, rotate

#: Writes a line each time it is told to, as a part does into the log that it got from its parent.
WRITER = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder for logs that are large from 100 bytes on."""
    monkeypatch.setattr(log_files, "MOST_BYTES", 100)
    return make_log_folder(tmp_path / "var")


def test_a_log_that_several_processes_write_begins_anew(folder: Path) -> None:
    path = folder / "worker.log"
    with open_log(path) as log:
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=log, text=True)
            for _ in range(2)
        ]

    def write(line: str) -> None:
        before = path.stat().st_size
        for writer in writers:
            assert writer.stdin
            writer.stdin.write(f"{line}\n")
            writer.stdin.flush()
        while path.stat().st_size < before + len(writers) * (len(line) + 1):
            os.sched_yield()

    write("a" * 80)
    rotate(folder)
    write("b" * 80)
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
        writer.wait(60)
    assert path.read_text() == 2 * ("b" * 80 + "\n")
    assert Path(f"{path}.1").read_text() == 2 * ("a" * 80 + "\n")


def test_a_small_log_is_left_alone_and_only_one_old_text_is_kept(folder: Path) -> None:
    path = folder / "watcher.log"
    for text in ("one " * 50, "two " * 50, "three"):
        path.write_text(text)
        rotate(folder)
    assert path.read_text() == "three"
    assert sorted(file.name for file in folder.iterdir()) == ["watcher.log", "watcher.log.1"]
    assert Path(f"{path}.1").read_text() == "two " * 50


def test_what_a_run_makes_is_open_to_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "MOST_BYTES", 0)
    mask = os.umask(0)
    try:
        with run_lock(tmp_path / "var"), open_log(tmp_path / "var" / "log" / "run.log") as log:
            log.write(b"a line")
            log.flush()
            rotate(tmp_path / "var" / "log")
    finally:
        os.umask(mask)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "var", tmp_path / "var" / "log")] == [0o700, 0o700]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "var" / "log").iterdir()} == {0o600}


def test_the_modes_that_a_user_gave_the_folder_are_kept(tmp_path: Path) -> None:
    make_log_folder(tmp_path / "var")
    (tmp_path / "var").chmod(0o750)
    make_log_folder(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o750
