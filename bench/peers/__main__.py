"""Run one peer over a folder and write what it took to `cost.json` in `--place`: how bench.throughput runs them."""

import argparse
import json
import os
from importlib import import_module
from pathlib import Path

import psutil

from bench.chunks import Backlog
from bench.cost import end_children
from bench.peers import PEERS

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    for name in ("folder", "place", "model-dir"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--runtime", choices=("litert", "keras"), default="litert")
    parser.add_argument("--processes", type=int, default=2)
    given = vars(parser.parse_args())
    peer = PEERS[given.pop("peer")]
    backlog = Backlog(**given)
    os.environ.update(peer.environment)
    try:
        cost = import_module(peer.module).run(backlog)
    finally:
        end_children(psutil.Process())
    (backlog.place / "cost.json").write_text(json.dumps(vars(cost)))
