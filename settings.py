"""Every environment variable, read once into one frozen, typed object."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

PREFIX = "DIGITS_"
#: A variable without our prefix, as other programs know it too.
MNIST_PATH = "MNIST_PATH"

_HOUR, _DAY = 3_600, 86_400  # seconds
_MOST_WORKERS = 256
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class BadSetting(Exception):  # noqa: N818 - reads as the sentence it carries
    """An environment variable has a value that can't be used; the text says which and why."""


def _takes(
    parse: Callable[[str], Any], wanted: str = "", fits: Callable[[Any], object] = lambda _: True
) -> dict[str, Any]:
    """Declare how a field reads its text: `parse` fails on, or `fits` denies, all but what is `wanted`."""
    return {"parse": parse, "wanted": wanted, "fits": fits}


def _one_of(*names: str) -> dict[str, Any]:
    return _takes(str, " or ".join(names), names.__contains__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user may set; each field is `DIGITS_` and its name in capitals."""

    #: the watched folder
    folder: Path = field(default=Path("digits"), metadata=_takes(Path))
    #: the ledger: SQLite, or PostgreSQL for many hosts
    database_url: str = field(default="sqlite:///var/results.db", metadata=_takes(str))
    #: the broker; without it `digits run` brings its own
    redis_url: str | None = field(default=None, metadata=_takes(str))
    #: prefix of all keys in Redis; each installation on the same Redis needs its own
    redis_namespace: str = field(
        default="digits",
        metadata=_takes(
            str,
            "1 to 64 letters, digits, dots, hyphens or underscores",
            re.compile("[A-Za-z0-9._-]{1,64}").fullmatch,
        ),
    )
    #: the user's own models; they take precedence over the shipped ones
    model_dir: Path = field(default=Path("model"), metadata=_takes(Path))
    #: logs and the embedded broker's socket
    var_dir: Path = field(default=Path("var"), metadata=_takes(Path))
    #: glob patterns, with commas between them, of names and paths in the folder that are passed over
    ignore: tuple[str, ...] = field(
        default=(), metadata=_takes(lambda text: tuple(filter(None, map(str.strip, text.split(",")))))
    )
    #: what runs the network
    runtime: Literal["auto", "keras", "litert"] = field(default="auto", metadata=_one_of("auto", "keras", "litert"))
    #: `polling` for network mounts, which send no events
    watch: Literal["auto", "polling"] = field(default="auto", metadata=_one_of("auto", "polling"))
    #: reading processes
    workers: int = field(
        default=min(os.cpu_count() or 1, 4),
        metadata=_takes(int, f"a whole number from 1 to {_MOST_WORKERS}", lambda count: 1 <= count <= _MOST_WORKERS),
    )
    #: seconds a file that nobody closed must hold still before it counts as complete
    settle_seconds: float = field(
        default=0.5,
        metadata=_takes(float, f"a number from 0 to {_HOUR}", lambda seconds: 0 <= seconds <= _HOUR),
    )
    #: seconds between two looks at the folder
    rescan_seconds: float = field(
        default=30.0,
        metadata=_takes(float, f"a number above 0, up to {_DAY}", lambda seconds: 0 < seconds <= _DAY),
    )
    #: how much the logs tell
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info", metadata=_one_of("debug", "error", "info", "warning")
    )
    #: a file that a part touches every five seconds while it gets on, for health checks
    presence_file: Path | None = field(default=None, metadata=_takes(Path))
    #: workers tell Celery's monitor (Flower) of each message they read
    events: bool = field(default=False, metadata=_takes(lambda text: _TRUTHS[text.lower()], "true or false"))
    #: an mnist.npz to train on, instead of the Keras cache or a download
    mnist_path: Path | None = field(default=None, metadata=_takes(Path))


def load_settings() -> Settings:
    """Read the environment. Raises BadSetting with one sentence for the first variable that can't be used."""
    variables = {one.name: PREFIX + one.name.upper() for one in fields(Settings)}
    if os.environ.get(MNIST_PATH):
        variables["mnist_path"] = MNIST_PATH
    return Settings(
        **{
            one.name: _read(variable, text, **one.metadata)
            for one in fields(Settings)
            if (text := os.environ.get(variable := variables[one.name]))
        }
    )


def _read(variable: str, text: str, *, parse: Callable[[str], Any], wanted: str, fits: Callable[[Any], object]) -> Any:  # noqa: ANN401 - each field has its own type
    with suppress(KeyError, ValueError):
        if fits(value := parse(text)):
            return value
    raise BadSetting(f"{variable} is {text!r}: it must be {wanted}")
