"""LitServe: an HTTP request for each file, on the loopback, put into batches by the server, which writes the rows."""

import asyncio
import json
import multiprocessing
import socket
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus

import litserve

from bench.chunks import CHUNK_FILES, Backlog, ChunkReader
from bench.cost import Cost, measured
from bench.processes import wait_for
from recognizer.reading import Reading

_HOST = "127.0.0.1"
#: Seconds a batch waits to become full; it is, as long as there is a backlog.
_BATCH_SECONDS = 0.05


class _Api(litserve.LitAPI):  # type: ignore[misc] # has no types
    def __init__(self, backlog: Backlog) -> None:
        super().__init__(max_batch_size=CHUNK_FILES, batch_timeout=_BATCH_SECONDS)
        self._backlog = backlog

    def setup(self, device: str) -> None:
        del device  # the model's runtime knows
        self._reader = ChunkReader(self._backlog)

    def decode_request(self, request: dict[str, str]) -> str:
        return request["path"]

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, paths: list[str]) -> list[Reading]:
        return self._reader.read(paths)

    def unbatch(self, output: list[Reading]) -> list[Reading]:
        return output

    def encode_response(self, output: Reading) -> dict[str, object]:
        return {"reading": output.text, "confidence": output.confidence, "verdict": output.verdict.value}


def run(backlog: Backlog) -> Cost:
    """Read the backlog; the clock starts when the server says that it is up and all its workers have their model."""
    port = _free_port()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(backlog, port))
    server.start()
    backlog.wait_until_ready()
    wait_for(lambda: _healthy(port))
    return measured(lambda: _register_and_post(backlog, port))


def _register_and_post(backlog: Backlog, port: int) -> None:
    paths = [path for chunk in backlog.register() for path in chunk]
    asyncio.run(_post_all(paths, port, connections=2 * CHUNK_FILES * backlog.processes))


def _serve(backlog: Backlog, port: int) -> None:
    server = litserve.LitServer(
        _Api(backlog), accelerator="cpu", workers_per_device=backlog.processes, timeout=False, fast_queue=True
    )
    server.run(host=_HOST, port=port, generate_client_file=False, log_level="warning")


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{_HOST}:{port}/health", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


async def _post_all(paths: list[str], port: int, *, connections: int) -> None:
    """Post every path over connections that are kept open: a full batch for each worker, and one to come."""
    waiting = iter(paths)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(connections, len(paths))):
            group.create_task(_post(waiting, port))


async def _post(waiting: Iterator[str], port: int) -> None:
    """Post as long as there is something to post. A client library would take more of the processors."""
    reader, writer = await asyncio.open_connection(_HOST, port)
    for path in waiting:
        body = json.dumps({"path": path}).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: {_HOST}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        status, _, rest = answer.partition(b"\r\n")
        length = rest.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        content = await reader.readexactly(int(length))
        if b" 200 " not in status:
            raise RuntimeError(f"LitServe answered {answer + content!r}")
    writer.close()
