"""Connect to a Redis, and ask whether it answers."""

import re
from urllib.parse import parse_qsl, urlsplit

import redis

from broker.errors import BrokerUnavailable
from urls import hide_password

#: redis-py then leaves out `CLIENT SETINFO`, which Redis 7.0 does not know and no access rule there can name.
NO_DRIVER_INFO = None


def connect(url: str) -> redis.Redis:
    """Make a client for a broker's URL; connects at the first command. Raises BrokerUnavailable for a bad URL."""
    try:
        _require_understood(url)
        return redis.Redis.from_url(
            url.replace("redis+socket://", "unix://", 1),
            socket_connect_timeout=2,
            socket_timeout=5,
            driver_info=NO_DRIVER_INFO,
        )
    except ValueError as error:
        raise BrokerUnavailable(f"the broker URL {hide_password(url)!r} can't be used: {error}") from error


def _require_understood(url: str) -> None:
    """Raise ValueError for a URL that redis-py and kombu understand differently, or fail on later."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        return
    if "@" in url and "@" not in parts.netloc:
        raise ValueError("special characters in its password must be percent-encoded, # as %23")
    if not re.fullmatch(r"/?\d*", parts.path):
        raise ValueError("the database behind its / must be a number")
    for name, _ in parse_qsl(parts.query):
        if not (parts.scheme == "rediss" and name.startswith("ssl_")):
            raise ValueError(f"only rediss:// has parameters, and only those that begin with ssl_, not {name!r}")


def ping(url: str) -> None:
    """Raise BrokerUnavailable unless a broker answers."""
    try:
        connect(url).ping()
    except redis.RedisError as error:
        raise BrokerUnavailable(f"the broker at {hide_password(url)} does not answer: {error}") from error


def answers(url: str) -> bool:
    """Whether a broker answers right now."""
    try:
        ping(url)
    except BrokerUnavailable:
        return False
    return True
