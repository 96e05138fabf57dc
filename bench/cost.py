"""The cost of reading a backlog: wall seconds, and CPU seconds of a process and its children."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cost:
    """What reading a folder took, start-up left out: seconds of wall clock, seconds of CPU over all processes."""

    wall: float
    cpu: float


def measured(do: Callable[[], object], apart: Collection[int] = ()) -> Cost:
    """Do something; give what it took of this process and of all below it, but for those whose ids are `apart`."""
    before = _children_seconds()
    own, began = time.process_time(), time.perf_counter()
    do()
    wall, own = time.perf_counter() - began, time.process_time() - own
    children = (
        seconds - before.get(child, 0.0) for child, seconds in _children_seconds().items() if child.pid not in apart
    )
    return Cost(wall, own + sum(children))


def _children_seconds() -> dict[psutil.Process, float]:
    found = {}
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[child] = times.user + times.system
    return found


def end_children(process: psutil.Process) -> None:
    """Kill all processes below this one."""
    children = process.children(recursive=True)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(children, timeout=10)
