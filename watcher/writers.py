"""Ask the kernel whether a process has a file open for writing."""

import errno
import os
import signal
import stat
import sys


def has_writer(path: bytes) -> bool:
    """Whether a process has this regular file open for writing. False where the system can't tell.

    Linux grants a read lease on a file that nobody writes, and refuses it with EAGAIN otherwise (fcntl(2), F_SETLEASE).
    It grants leases only to the file's owner and root, and not on every file system.
    """
    if sys.platform != "linux":
        return False
    import fcntl  # noqa: PLC0415 - its leases are Linux's

    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):  # opening a pipe would wake a writer that waits there
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # A process that opens it for writing now breaks the lease. The default signal for that would end this process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)  # this ends the lease too
    return False
