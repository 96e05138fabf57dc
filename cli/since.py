"""The moments that `digits results --since` understands."""

import re
import time
from datetime import datetime, timedelta
from datetime import time as clock

from cli.errors import CommandFailed
from presentation.text import printable

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DAYS_AGO = {"today": 0, "yesterday": 1}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def parse_since(text: str) -> int:
    """Turn today, yesterday, 23:50, 2026-11-22, 2026-11-22T16:00, 15m, 2h or 3d into milliseconds since 1970.

    Times are local unless a zone is given; 23:50 is the last time that clocks showed it. Raises CommandFailed.
    """
    if ago := _AGO.fullmatch(text.strip()):
        return time.time_ns() // 1_000_000 - int(ago[1]) * _SECONDS[ago[2]] * 1000
    try:
        return round(_moment(text.strip()).timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise CommandFailed(
            f"--since {printable(text)!r} is no moment: write today, yesterday, 23:50, 2026-11-22, 2026-11-22T16:00, "
            "15m, 2h or 3d"
        ) from error


def _moment(text: str) -> datetime:
    now = datetime.now()  # noqa: DTZ005 - local time, which `timestamp` takes it for
    if text.lower() in _DAYS_AGO:
        return datetime.combine(now.date() - timedelta(days=_DAYS_AGO[text.lower()]), clock())
    if _CLOCK.fullmatch(text):
        shown = datetime.combine(now.date(), clock.fromisoformat(text.zfill(len("00:00"))))
        return shown if shown <= now else shown - timedelta(days=1)
    return datetime.fromisoformat(text)
