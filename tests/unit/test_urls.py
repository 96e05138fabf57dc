"""Every form of URL is shown without its password."""

import pytest

from urls import hide_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:secret@host/0", "redis://:***@host/0"),
        ("redis://host/0?password=secret&ssl=1", "redis://host/0?password=***&ssl=1"),
        ("redis://user:secret@host:6379/0", "redis://user:***@host:6379/0"),
        ("rediss://user:se@c:ret@host", "rediss://user:***@host"),
        ("redis://us@er:secret@host", "redis://us@er:***@host"),
        ("redis+socket:///var/broker.sock", "redis+socket:///var/broker.sock"),
        ("unix://user:secret@/var/broker.sock", "unix://user:***@/var/broker.sock"),
        ("postgresql+psycopg://digits@/digits?host=/tmp", "postgresql+psycopg://digits@/digits?host=/tmp"),
        ("postgresql+psycopg://us/er:secret@host/digits", "postgresql+psycopg://us/er:***@host/digits"),
        ("postgresql://user:se\ncret@host", "postgresql://user:***@host"),
        ("sqlite:///var/results.db", "sqlite:///var/results.db"),
        ("", ""),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert hide_password(url) == shown
