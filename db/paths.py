r"""Write any file name as text and back: a name is bytes, a ledger column is text.

UTF-8 names stay as they are; a byte that is no UTF-8 becomes `\xff`, a backslash `\\`: no two names share a text.
"""

import os
import re

_ESCAPE = re.compile(rb"\\(\\|x[0-9a-f]{2})")


def to_text(name: bytes) -> str:
    """Give the ledger's text for a file name."""
    return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def to_bytes(text: str) -> bytes:
    """Give back the file name that `to_text` wrote."""
    return _ESCAPE.sub(_unescape, text.encode("utf-8"))


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return b"\\" if code == b"\\" else bytes([int(code[1:], 16)])


def folder_text(folder: bytes | str | os.PathLike[str]) -> str:
    """Name a folder for the ledger: relative to the working directory if inside, so that both can be moved."""
    absolute = os.path.abspath(os.fsencode(folder))
    here = os.getcwdb()
    inside = os.path.commonpath([absolute, here]) == here
    return to_text(os.path.relpath(absolute, here) if inside else absolute)
