"""Who is alive: every long-running process says so in Redis, and what it holds, under a key that fades by itself."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import redis

#: Seconds between two signs of life.
BEAT_SECONDS = 5
#: Seconds after which a silent process counts as gone: three beats.
FADE_SECONDS = 15
#: How a trainer's sign begins after a failure; it fades like any other.
FAILED = "failed: "
_PREFIX = "digits:alive:"


@dataclass(frozen=True)
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
        self._key = f"{_PREFIX}{role}:{socket.gethostname()}:{os.getpid()}"
        self._ended = threading.Event()

    def run(self) -> None:
        """Beat until `end` is called."""
        while not self._ended.is_set():
            self.now()
            self._ended.wait(BEAT_SECONDS)

    def now(self) -> None:
        """Say it at once, after something changed."""
        presence = {"role": self._role, "host": socket.gethostname(), "pid": os.getpid(), "doing": self._doing()}
        with contextlib.suppress(redis.RedisError, OSError):
            self._client.set(self._key, json.dumps(presence), ex=FADE_SECONDS)

    def end(self) -> None:
        """Take the sign down. Safe to call twice."""
        self._ended.set()
        with contextlib.suppress(redis.RedisError, OSError):
            self._client.delete(self._key)


def living(client: redis.Redis) -> list[Presence]:
    """List the living like `alive`; nobody, if the broker is out of reach."""
    try:
        return alive(client)
    except (redis.RedisError, OSError):
        return []


def alive(client: redis.Redis) -> list[Presence]:
    """List the living, by role. Raises redis.RedisError if the broker is out of reach."""
    found = []
    for key in client.scan_iter(f"{_PREFIX}*", count=1000):
        value = client.get(key)
        with contextlib.suppress(ValueError, TypeError):
            found.append(Presence(**json.loads(value)))  # type: ignore[arg-type]  # as in client.py
    return sorted(found, key=lambda one: (one.role, one.host, one.pid))
