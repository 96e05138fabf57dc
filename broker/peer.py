"""Who is at the other end of a unix socket, as the operating system says, and whose folder the socket lies in."""

import contextlib
import os
import socket
import stat
import struct
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path

from broker.errors import BrokerUnavailable

#: Seconds a server may take to accept a connection.
CONNECT_SECONDS = 2.0
#: Level and options of macOS (sys/un.h), which Python does not name.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2


def require_private(folder: Path) -> None:
    """Raise BrokerUnavailable if the folder is there and not ours alone: no link, our user's, closed to others."""
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise BrokerUnavailable(
            f"{folder} is not a folder that only you can enter, so the broker there may be somebody else's: "
            "set DIGITS_VAR_DIR to a folder with a shorter path"
        )


@dataclass(frozen=True)
class Peer:
    """A server to which a connection is open. `socket_id` tells its socket from a later one at the same path."""

    line: socket.socket
    pid: int
    uid: int
    socket_id: tuple[int, int, int]

    @property
    def ours(self) -> bool:
        """Whether it is a process of our user; in another container its number is unknown."""
        return self.uid == os.geteuid()

    @property
    def alive(self) -> bool:
        """Whether the server still holds the connection; so its number is still its own."""
        try:
            return bool(self.line.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self.line.close()


def peer_at(path: Path) -> Peer | None:
    """Connect to the server at a socket; None if there is none. Sends nothing."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(CONNECT_SECONDS)
        line.connect(os.fsencode(path))
        line.setblocking(False)  # noqa: FBT003 - as sockets have it
        pid, uid = _credentials(line)
        socket_id = socket_id_at(path)
    except OSError:
        line.close()
        return None
    if socket_id is None:
        line.close()
        return None
    peer = Peer(line, pid, uid, socket_id)
    weakref.finalize(peer, line.close)
    return peer


def socket_id_at(path: Path) -> tuple[int, int, int] | None:
    """Tell which file is at a path: device, inode and the time of its last change; None if there is none."""
    with contextlib.suppress(OSError):
        found = os.lstat(path)
        return found.st_dev, found.st_ino, found.st_ctime_ns
    return None


def _credentials(line: socket.socket) -> tuple[int, int]:
    """Give number and user of the process that listens."""
    if sys.platform == "darwin":
        (pid,) = struct.unpack("i", line.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, struct.calcsize("i")))
        _, uid = struct.unpack_from("=II", line.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, 128))
    else:
        pid, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return pid, uid
