"""Files and directories that this user may not look at, also where the tests run as root."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: `_LINUX_CAPABILITY_VERSION_3` of <linux/capability.h>.
_VERSION = 0x20080522
#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root's right to pass over modes.
_PASSES_MODES = 1 << 1 | 1 << 2


@contextmanager
def closed(path: Path, mode: int = 0) -> Iterator[None]:
    """Give a path a mode that holds for root too."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with _modes_hold():
            yield
    finally:
        path.chmod(before)


@contextmanager
def _modes_hold() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, rights = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    effective = rights[0]
    rights[0] = effective & ~_PASSES_MODES
    assert libc.capset(header, rights) == 0
    try:
        yield
    finally:
        rights[0] = effective
        assert libc.capset(header, rights) == 0
