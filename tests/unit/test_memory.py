import ctypes
import mmap
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from worker.memory import hand_back_start

pytestmark = pytest.mark.linux  # it reads what Linux says of a process

PAGE = mmap.PAGESIZE


def _resident(library: str) -> int:
    pieces = re.findall(r" r-xp .*/(.*)\n(?:[A-Z].*\n)*?Rss: +(\d+) kB", Path("/proc/self/smaps").read_text("utf-8"))
    return sum(int(size) for name, size in pieces if name.startswith(library))


def _protect(memory: mmap.mmap, access: int) -> None:
    libc = ctypes.CDLL(None)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(len(memory)), access) == 0


def test_libraries_are_handed_back_and_still_work() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64), np.uint8)
    before = cv2.GaussianBlur(noise, (5, 5), 0)
    held = _resident("cv2")
    hand_back_start()
    assert _resident("cv2") < held / 2
    np.testing.assert_array_equal(cv2.GaussianBlur(noise, (5, 5), 0), before)


def test_what_was_written_into_a_piece_before_it_was_locked_stays(tmp_path: Path) -> None:
    (tmp_path / "library").write_bytes(b"file" * PAGE)
    with open(tmp_path / "library", "rb") as file:
        memory = mmap.mmap(file.fileno(), 4 * PAGE, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    memory[:6] = b"linked"
    _protect(memory, mmap.PROT_READ)
    hand_back_start()
    assert memory[:6] == b"linked"
    _protect(memory, mmap.PROT_READ | mmap.PROT_WRITE)
