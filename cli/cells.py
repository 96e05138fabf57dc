"""Write a value into CSV so that no spreadsheet runs it."""

import re
from typing import Any

#: With these a spreadsheet's formula begins (OWASP, CSV injection), the last four in full width.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
#: A number is no formula, though it may begin with a sign.
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")


def neutral(column: str, value: Any) -> Any:  # noqa: ANN401 - a column has its own type
    """Give a value that a spreadsheet shows as it is.

    A path that looks like a formula gets `./` in front, with which it still names its file. Any other text gets an
    apostrophe. A number stays as it is, also a negative one.
    """
    if not isinstance(value, str) or not value.startswith(_FORMULA) or _NUMBER.fullmatch(value):
        return value
    return ("./" if column in ("path", "folder") else "'") + value
