"""rq: a job for each chunk, on a private Redis, for workers that run jobs in their own process and hold the model."""

import multiprocessing
from functools import cache

from redis import Redis
from rq import Queue, SimpleWorker

from bench.chunks import Backlog, ChunkReader
from bench.cost import Cost, measured
from broker.connection import connect
from broker.server import EmbeddedBroker

_QUEUE = "reading"


def run(backlog: Backlog) -> Cost:
    """Read the backlog; the clock starts when all workers have their model."""
    server = EmbeddedBroker(backlog.place / "var")
    server.ensure()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(backlog, server.url)) for _ in range(backlog.processes)]
    try:
        for worker in workers:
            worker.start()
        backlog.wait_until_ready()
        return measured(lambda: _send_and_wait(backlog, connect(server.url)))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
        server.stop()


def _send_and_wait(backlog: Backlog, connection: Redis) -> None:
    jobs = [Queue.prepare_data(read_chunk, (backlog, chunk), result_ttl=0) for chunk in backlog.register()]
    Queue(_QUEUE, connection=connection).enqueue_many(jobs)
    backlog.wait_until_read()


def _work(backlog: Backlog, url: str) -> None:
    _reader(backlog)
    # rq waits for jobs as long as it likes: no time limit on its connection
    connection = Redis.from_url(url.replace("redis+socket://", "unix://", 1))
    SimpleWorker([_QUEUE], connection=connection).work(logging_level="WARNING")


def read_chunk(backlog: Backlog, paths: list[str]) -> None:
    """Read a chunk: the job."""
    _reader(backlog).read(paths)


@cache
def _reader(backlog: Backlog) -> ChunkReader:
    return ChunkReader(backlog)
