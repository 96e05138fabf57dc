"""Every error with which a broker replies is a refusal, also where redis-py takes it for a lost connection."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from broker.connection import answers, ping
from broker.errors import BrokerRefuses

REPLIES = [
    "ERR max number of clients reached",
    "LOADING Redis is loading the dataset in memory",
    "MISCONF Errors writing to the AOF file",
    "NOAUTH Authentication required.",
    "NOPERM this user has no permissions to run the 'ping' command",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "ANYTHING else",
]


@contextlib.contextmanager
def replying(reply: str) -> Iterator[str]:
    """Run a server that replies to each command with this error; give its URL."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while connection.recv(4096):
                connection.sendall(f"-{reply}\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_is_told_as_one(reply: str) -> None:
    with replying(reply) as url:
        with pytest.raises(BrokerRefuses, match="answers and refuses PING: "):
            ping(url)
        assert answers(url)
