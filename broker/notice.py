"""Why a part does nothing, told to the `digits run` that started it, through a file.

Presence says it too. But others may write to Redis, and `digits run` must not end for what they made up.
"""

import contextlib
import os
from pathlib import Path

#: Tells a part and its child processes the path of its file; children inherit only the environment.
VARIABLE = "DIGITS_NOTICE_FILE"
#: Characters read of a notice, which is one sentence.
_LONGEST = 1000


def tell(why: str) -> None:
    """Write why this part does nothing; an empty text says that it works. Does nothing without a file."""
    path = os.environ.get(VARIABLE)
    if path:
        with contextlib.suppress(OSError):
            Path(f"{path}.new").write_text(why, encoding="utf-8", errors="backslashreplace")
            Path(f"{path}.new").replace(path)


def told(path: Path) -> str:
    """Give what the part of this file told; an empty text if nothing."""
    try:
        with path.open(encoding="utf-8", errors="backslashreplace") as file:
            return file.read(_LONGEST)
    except OSError:
        return ""
