"""A Redis server on a TCP port that lets in users by password, with the access rules that the documentation gives."""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from broker.server import server_program
from tests.place import ROOT

#: A password with every character that means something in a URL.
PASSWORD = "p@ss:w/rd?#%&+=é"  # noqa: S105 - nobody's
_ACL_LINE = re.compile(r"^\s*ACL SETUSER digits on >\S+ (.+)$", re.MULTILINE)


def documented_rules() -> str:
    """Give what the user of Digit Inbox may do, as docs/more-than-one-machine.md says it."""
    page = (ROOT / "docs" / "more-than-one-machine.md").read_text(encoding="utf-8")
    (rules,) = _ACL_LINE.findall(page)
    return str(rules)


@contextmanager
def redis_server(
    folder: Path,
    address: str,
    port: int,
    *,
    eventually: Callable[[Callable[[], object], float], None],
    inside: Sequence[str] = (),
) -> Iterator[Path]:
    """Run a server for `digits` and `admin`, who have PASSWORD, and for nobody else; give its socket.

    `inside` is a command that starts another one elsewhere: in a network namespace.
    """  # fmt: skip
    socket = folder / "redis.sock"
    config = folder / "redis.conf"
    config.write_text(
        f'bind {address}\nport {port}\nunixsocket {socket}\ndir {folder}\nsave ""\n'
        f"user default off\nuser admin on >{PASSWORD} allkeys allcommands\n"
        f"user digits on >{PASSWORD} {documented_rules()}\n",
        encoding="utf-8",
    )
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen([*inside, server_program(), str(config)], stdout=log, stderr=log)
    try:
        with admin(socket) as client:
            eventually(lambda: process.poll() is not None or _answers(client), 15)
        assert process.poll() is None, (folder / "redis.log").read_text(encoding="utf-8")
        yield socket
    finally:
        process.terminate()
        process.wait(30)


def admin(socket: Path) -> redis.Redis:
    """Give a client that may do everything."""
    return redis.Redis(unix_socket_path=str(socket), username="admin", password=PASSWORD, decode_responses=True)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
