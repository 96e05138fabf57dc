"""The moments that `digits results --since` understands."""

import time
from datetime import UTC, datetime

import pytest

from cli.errors import CommandFailed
from cli.results import parse_since


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7_200), ("3d", 259_200), ("1w", 604_800)]
)
def test_a_length_of_time_counts_back_from_now(text: str, seconds: int) -> None:
    assert abs(parse_since(text) - (time.time() - seconds) * 1000) < 5_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T16:00Z", datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ("2026-11-22T16:00:30+02:00", datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22).astimezone()),
        ("2026-11-22T16:00", datetime(2026, 11, 22, 16).astimezone()),
        ("2026-11-22 16:00:05", datetime(2026, 11, 22, 16, 0, 5).astimezone()),
    ],
)
def test_a_moment_is_local_unless_it_has_a_zone(text: str, moment: datetime) -> None:
    assert parse_since(text) == moment.timestamp() * 1000


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "15", "m", "-3d", "\x1b[2J"])
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(CommandFailed, match="write 2026-11-22") as caught:
        parse_since(text)
    assert str(caught.value).isprintable()
