"""Other ways to read a backlog: each reads the same files with our recognizer and writes the same rows, its own way."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import chain

import psutil

from bench.chunks import MOST_SECONDS, Backlog
from bench.cost import Cost, end_children


@dataclass(frozen=True)
class Peer:
    """One of them: how tables call it, the module here that runs it, the package it needs, and its environment."""

    title: str
    module: str
    package: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        """Whether its package is there. Imports nothing."""
        return find_spec(self.package) is not None


PEERS = {
    "pool": Peer("multiprocessing.Pool", "bench.peers.pool", "multiprocessing"),
    "dramatiq": Peer(
        "dramatiq",
        "bench.peers.dramatiq_queue",
        "dramatiq",
        {"dramatiq_queue_prefetch": "1"},  # a chunk kept back for a busy process is time lost
    ),
    "rq": Peer("rq", "bench.peers.rq_queue", "rq"),
    "litserve": Peer("LitServe", "bench.peers.litserve_http", "litserve"),
    "ray": Peer(
        "Ray Data",
        "bench.peers.ray_data",
        "ray",
        # without a cluster Ray keeps to the loopback on each system
        {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"},
    ),
}


def run_peer(name: str, backlog: Backlog) -> Cost:
    """Run a peer in a process of its own, and end all that the peer started. Raises RuntimeError if it fails."""
    options = [(f"--{name.replace('_', '-')}", str(value)) for name, value in vars(backlog).items()]
    screen = backlog.place / "screen.txt"
    with screen.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers", name, *chain.from_iterable(options)],
            env=os.environ | {"PYTHONPATH": os.getcwd()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        status = process.wait(MOST_SECONDS)
    finally:
        if process.poll() is None:
            end_children(psutil.Process(process.pid))
            process.kill()
            process.wait()
    if status:
        raise RuntimeError(f"{PEERS[name].title} failed:\n{screen.read_text(errors='replace')}")
    backlog.require_all_read()
    return Cost(**json.loads((backlog.place / "cost.json").read_text()))
