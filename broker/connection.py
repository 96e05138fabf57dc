"""Connect to a Redis, and ask whether it answers."""

import math
import re
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import redis

from broker.errors import BROKER_ERRORS, BrokerRefuses, BrokerUnavailable, unavailable
from logs import Outage
from urls import hide_password

_Given = TypeVar("_Given")

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
    if parts.scheme == "redis+socket":  # our own broker's
        return
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError("it must begin with redis:// or rediss://")
    if "@" in url and "@" not in parts.netloc:
        raise ValueError("special characters in its password must be percent-encoded, # as %23")
    if not re.fullmatch(r"/?\d*", parts.path):
        raise ValueError("the database behind its / must be a number")
    for name, _ in parse_qsl(parts.query):
        if not (parts.scheme == "rediss" and name.startswith("ssl_")):
            raise ValueError(f"only rediss:// has parameters, and only those that begin with ssl_, not {name!r}")


def ping(url: str) -> None:
    """Raise BrokerUnavailable unless a broker answers, or BrokerRefuses if it does and refuses."""
    try:
        connect(url).ping()
    except BROKER_ERRORS as error:
        raise unavailable(error, "PING", f"the broker at {hide_password(url)}") from error


def wait_for(url: str) -> None:
    """Wait until a broker answers and does not refuse, however long that takes. Says so in the log, once."""
    outage = Outage("the broker can't be used, this part waits for it", "the broker can be used")
    wait_until(lambda: ping(url), BrokerUnavailable, outage.lost)
    outage.back()


def wait_until(
    attempt: Callable[[], _Given],
    lost: type[Exception],
    tell: Callable[[str], object],
    *,
    wait: float = math.inf,
    most_pause: float = 10.0,
) -> _Given:
    """Give what an attempt gives; while it raises `lost` try again, for `wait` seconds. Tells why, once.

    Raises `lost` at the end of that time.
    """
    until, pauses, told = time.monotonic() + wait, Pauses(most=most_pause), False
    while True:
        try:
            return attempt()
        except lost as error:
            if time.monotonic() >= until:
                raise
            if not told:
                tell(str(error))
            told = True
            time.sleep(pauses.next())


class Pauses:
    """Seconds to wait before the next try: each pause is twice the last one, up to `most`."""

    def __init__(self, first: float = 0.1, most: float = 10.0) -> None:
        self._first = self._next = first
        self._most = most

    def next(self) -> float:
        """Give the next pause."""
        pause, self._next = self._next, min(self._most, 2 * self._next)
        return pause

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next = self._first


def answers(url: str) -> bool:
    """Whether a broker answers right now. A refusal is an answer too."""
    try:
        ping(url)
    except BrokerRefuses:
        return True
    except BrokerUnavailable:
        return False
    return True
