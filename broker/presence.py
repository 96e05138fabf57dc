"""Who is present: every long-running process announces itself in one sorted set of Redis, and what it does."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import cast

import msgspec
import redis

from broker.client import Client

#: Seconds between two announcements.
ANNOUNCE_SECONDS = 5
#: Seconds after which a silent process counts as gone: three announcements.
GONE_SECONDS = 15
#: How the last announcement of a failed trainer begins.
FAILED = "failed: "
#: How the announcement of a worker begins that has stopped reading.
STOPPED = "stopped: "
#: The sorted set: each presence as JSON, scored by when it was last announced.
PRESENCE = "presence"


@dataclass(frozen=True, order=True)
class Presence:
    """One present process: its role (`worker`, `watcher`, `trainer`), where it runs, what it does in a few words."""

    role: str
    host: str
    pid: int
    doing: str


class OwnPresence(threading.Thread):
    """Announces this process every few seconds. Never fails: a lost broker only makes it silent."""

    def __init__(self, client: Client, role: str, doing: Callable[[], str]) -> None:
        super().__init__(name="presence", daemon=True)
        self._redis = client.redis
        self._key = client.key(PRESENCE)
        self._role = role
        self._doing = doing
        self._announced: str | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def run(self) -> None:
        """Announce until `end` is called."""
        while not self._ended.is_set():
            self.announce()
            self._ended.wait(ANNOUNCE_SECONDS)

    def announce(self) -> None:
        """Announce it at once, in place of what was announced before. Drops processes that fell silent."""
        with self._lock, contextlib.suppress(redis.RedisError, OSError):
            if self._ended.is_set():
                return
            own = Presence(self._role, socket.gethostname(), os.getpid(), self._doing())
            announced = json.dumps(asdict(own))  # not by msgspec, which refuses a folder's name that is not UTF-8
            now = _now(self._redis)
            with self._redis.pipeline(transaction=False) as commands:
                if self._announced is not None and self._announced != announced:
                    commands.zrem(self._key, self._announced)
                commands.zadd(self._key, {announced: now})
                commands.zremrangebyscore(self._key, "-inf", now - GONE_SECONDS)
                commands.execute()
            self._announced = announced

    def end(self) -> None:
        """Withdraw it. Safe to call twice."""
        self._ended.set()
        with self._lock, contextlib.suppress(redis.RedisError, OSError):
            if self._announced is not None:
                self._redis.zrem(self._key, self._announced)


def present(client: Client) -> list[Presence] | None:
    """List the present processes by role; None if the broker is out of reach."""
    try:
        members = client.redis.zrange(client.key(PRESENCE), _now(client.redis) - GONE_SECONDS, "+inf", byscore=True)
    except (redis.RedisError, OSError):
        return None
    return sorted(one for member in cast("list[bytes]", members) if (one := _read(member)))


def _read(member: bytes) -> Presence | None:
    """Read a member; None for one that is none of ours, as whoever can write to Redis may add some."""
    try:
        return msgspec.convert(json.loads(member), Presence)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def _now(connection: redis.Redis) -> int:
    """Ask the server for the time, in seconds: a host whose clock is wrong would drop all others."""
    return int(connection.time()[0])
