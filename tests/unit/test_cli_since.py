"""The moments that `digits results --since` understands."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from cli.errors import CommandFailed
from cli.since import parse_since


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


@pytest.mark.parametrize("text", ["", "tomorrow", "25:00", "2026-13-01", "15", "m", "-3d", "\x1b[2J"])
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(CommandFailed, match="write today") as caught:
        parse_since(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("text", "days"), [("today", 0), ("yesterday", 1), ("Today", 0)])
def test_a_day_begins_at_midnight_here(text: str, days: int) -> None:
    before = datetime.now().astimezone()
    moment = datetime.fromtimestamp(parse_since(text) / 1000).astimezone()
    days_ago = {(now - timedelta(days=days)).date() for now in (before, datetime.now().astimezone())}
    assert moment.date() in days_ago
    assert (moment.hour, moment.minute, moment.second) == (0, 0, 0)


@pytest.mark.parametrize("text", ["00:00", "12:30", "23:59:59", "9:05"])
def test_a_time_of_day_is_the_last_one_of_it(text: str) -> None:
    moment = datetime.fromtimestamp(parse_since(text) / 1000).astimezone()
    now = datetime.now().astimezone()
    assert now - timedelta(hours=25) <= moment <= now  # a day may have 25 hours
    assert f"{moment:%H:%M:%S}".startswith(text.zfill(5))


def test_a_date_begins_at_midnight_here() -> None:
    assert parse_since("2026-11-24") == datetime(2026, 11, 24).astimezone().timestamp() * 1000
