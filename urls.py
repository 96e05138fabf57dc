"""Show a URL to people and logs."""

import re


def hide_password(url: str) -> str:
    """Write a URL without its password, however it is written: what can't be parsed is shown too."""
    shown = re.sub(r"(?<=[?&]password=)[^&]*", "***", url)
    # Up to the last @: a password with one that nobody encoded must not be shown in part.
    return re.sub(r"(://[^:]*):.*@", r"\1:***@", shown, flags=re.DOTALL)
