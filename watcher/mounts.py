"""Tell which file system a folder lies on: some report no changes of other machines, some renumber their files."""

import os
import re

#: Each line of it is a mount. Only Linux has it.
_TABLE = "/proc/self/mountinfo"
#: Types whose files other machines, or the host of this one, change without an event here.
_SHARED = {
    "9p", "afs", "ceph", "cifs", "coda", "davfs", "fakeowner", "fuse", "glusterfs", "grpcfuse", "lustre", "ncpfs",
    "nfs", "nfs4", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
}  # fmt: skip
#: Types that give a file another inode when the kernel has forgotten it, and after each mount.
_RENUMBERED = ("fuse", "vboxsf")
_ESCAPE = re.compile(rb"\\([0-7]{3})")


def shared_type(folder: bytes, table: str = _TABLE) -> str | None:
    """Give the type of the folder's file system if other machines may change it unnoticed. None if not, or unknown."""
    try:
        with open(table, "rb") as file:
            mounts = [_mount(line) for line in file]
    except OSError:
        return None
    real = os.path.realpath(folder)
    above = [(point, kind) for point, kind in mounts if os.path.commonpath([point, real]) == point]
    # of several mounts on one point the last one is seen
    kind = max(reversed(above), key=lambda mount: len(mount[0]))[1] if above else ""
    return kind if kind in _SHARED or kind.startswith("fuse.") else None


def keeps_inodes(folder: bytes, table: str = _TABLE) -> bool:
    """Whether a file in the folder keeps its inode for as long as it is there, as far as is known."""
    return not (shared_type(folder, table) or "").startswith(_RENUMBERED)


def _mount(line: bytes) -> tuple[bytes, str]:
    """Give mount point and type of a line (proc_pid_mountinfo(5)); a point's spaces are octal there."""
    before, _, after = line.partition(b" - ")
    point = _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), before.split(b" ")[4])
    return point, os.fsdecode(after.split(b" ")[0])
