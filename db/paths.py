r"""Write any file name as text and back: a name is bytes, a ledger column is text.

UTF-8 names stay as they are; a byte that is no UTF-8 becomes `\xff`, a backslash `\\`: no two names share a text.
"""

import os
import re

from sqlalchemy import URL

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


def folder_text(folder: bytes | str | os.PathLike[str], ledger: URL) -> str:
    """Name a folder for a ledger: absolutely, so that it has one name from each directory that one starts in.

    Only a ledger that is itself found by the working directory has a folder in there relatively, to be moved with it.
    """
    absolute = os.path.abspath(os.fsencode(folder))
    return to_text(absolute if _is_found_from_anywhere(ledger) else _from_here(absolute))


def folder_path(text: str, ledger: URL) -> bytes | None:
    """Give the path of the folder that a ledger names so; None for one that can't be located from here.

    Version 0.2 named folders relatively in every ledger. In one that is found from anywhere, nobody knows to what.
    """
    folder = to_bytes(text)
    return folder if os.path.isabs(folder) or not _is_found_from_anywhere(ledger) else None


def relative_text(folder: bytes | str | os.PathLike[str]) -> str:
    """Name a folder as every ledger had it up to version 0.2: relative to the working directory if inside."""
    return to_text(_from_here(os.path.abspath(os.fsencode(folder))))


def _from_here(absolute: bytes) -> bytes:
    here = os.getcwdb()
    inside = os.path.commonpath([absolute, here]) == here
    return os.path.relpath(absolute, here) if inside else absolute


def _is_found_from_anywhere(ledger: URL) -> bool:
    if ledger.get_backend_name() != "sqlite":
        return True
    file = os.path.normpath((ledger.database or "").removeprefix("file:"))
    if os.path.isabs(file) or file.split(os.sep)[0] == os.pardir:
        return True
    here = os.path.realpath(".")
    return os.path.commonpath([os.path.realpath(file), here]) != here  # a link leads to it, as others may elsewhere
