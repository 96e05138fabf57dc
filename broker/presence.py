"""Who is alive: every long-running process says so in one sorted set, and what it holds; whoever falls silent goes."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import msgspec
import redis

#: Seconds between two signs of life.
BEAT_SECONDS = 5
#: Seconds after which a silent process counts as gone: three beats.
FADE_SECONDS = 15
#: How a trainer's sign begins after a failure; it fades like any other.
FAILED = "failed: "
#: The sorted set: a Presence as JSON, and when it was last said.
PRESENCE = "digits:presence"


@dataclass(frozen=True, order=True)
class Presence:
    """One living process: its role (`worker`, `watcher`, `trainer`), where it runs, what it does in a few words."""

    role: str
    host: str
    pid: int
    doing: str


class Beat(threading.Thread):
    """Says every few seconds that this process is alive. Never fails: a lost broker only makes it silent."""

    def __init__(self, client: redis.Redis, role: str, doing: Callable[[], str]) -> None:
        super().__init__(name="presence", daemon=True)
        self._client = client
        self._role = role
        self._doing = doing
        self._said: bytes | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def run(self) -> None:
        """Beat until `end` is called."""
        while not self._ended.is_set():
            self.now()
            self._ended.wait(BEAT_SECONDS)

    def now(self) -> None:
        """Say it at once, after something changed, in place of what was said before. Drops who fell silent."""
        with self._lock, contextlib.suppress(redis.RedisError, OSError):
            if self._ended.is_set():
                return
            said = msgspec.json.encode(Presence(self._role, socket.gethostname(), os.getpid(), self._doing()))
            now = _now(self._client)
            with self._client.pipeline(transaction=False) as commands:
                if self._said is not None and self._said != said:
                    commands.zrem(PRESENCE, self._said)
                commands.zadd(PRESENCE, {said: now})
                commands.zremrangebyscore(PRESENCE, "-inf", now - FADE_SECONDS)
                commands.execute()
            self._said = said

    def end(self) -> None:
        """Take the sign down. Safe to call twice."""
        self._ended.set()
        with self._lock, contextlib.suppress(redis.RedisError, OSError):
            if self._said is not None:
                self._client.zrem(PRESENCE, self._said)


def present(client: redis.Redis) -> list[Presence] | None:
    """List the living, by role; None if the broker is out of reach."""
    try:
        members = client.zrange(PRESENCE, _now(client) - FADE_SECONDS, "+inf", byscore=True)
    except (redis.RedisError, OSError):
        return None
    return sorted(one for member in cast("list[bytes]", members) if (one := _read(member)))


def _read(member: bytes) -> Presence | None:
    """Read a member; None for one that is none of ours, as whoever can write to Redis may add some."""
    try:
        return msgspec.json.decode(member, type=Presence)
    except (msgspec.DecodeError, RecursionError):
        return None


def _now(client: redis.Redis) -> int:
    """Ask the server for the time, in seconds: a host whose clock is wrong would drop all others."""
    return int(client.time()[0])
