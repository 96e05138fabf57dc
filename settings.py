"""Every environment variable, read once into one frozen, typed object."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

PREFIX = "DIGITS_"
#: A variable without our prefix, as other programs know it too.
MNIST_PATH = "MNIST_PATH"


class BadSetting(Exception):  # noqa: N818 - reads as the sentence it carries
    """An environment variable has a value that can't be used; the text says which and why."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may set; each field is `DIGITS_` and its name in capitals."""

    #: the watched folder
    folder: Path = Path("digits")
    #: the ledger: SQLite, or PostgreSQL for many hosts
    database_url: str = "sqlite:///var/results.db"
    #: the broker; without it `digits run` brings its own
    redis_url: str | None = None
    #: prefix of all keys in Redis; each installation on the same Redis needs its own
    redis_namespace: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")] = "digits"
    #: the published models
    model_dir: Path = Path("model")
    #: logs and the embedded broker's socket
    var_dir: Path = Path("var")
    #: what runs the network
    runtime: Literal["keras", "litert"] = "keras"
    #: `polling` for network mounts, which send no events
    watch: Literal["auto", "polling"] = "auto"
    #: reading processes
    workers: Annotated[int, Meta(ge=1, le=256)] = field(default_factory=lambda: min(os.cpu_count() or 1, 4))
    #: seconds a file that nobody closed must hold still before it counts as complete
    settle_seconds: Annotated[float, Meta(ge=0, le=3600)] = 0.5
    #: seconds between two looks at the folder
    rescan_seconds: Annotated[float, Meta(gt=0, le=86400)] = 30.0
    #: how much the logs tell
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: a file that a part touches every five seconds while it gets on, for health checks
    presence_file: Path | None = None
    #: workers tell Celery's monitor (Flower) of each message they read
    events: bool = False
    #: an mnist.npz to train on, instead of the Keras cache or a download
    mnist_path: Path | None = None


def load_settings() -> Settings:
    """Read the environment. Raises BadSetting with one sentence for the first variable that can't be used."""
    variables = {name: PREFIX + name.upper() for name in Settings.__struct_fields__}
    if os.environ.get(MNIST_PATH):
        variables["mnist_path"] = MNIST_PATH
    given = {name: value for name, variable in variables.items() if (value := os.environ.get(variable))}
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`")
        raise BadSetting(f"{variables[name]} is {given[name]!r}: it must be {_wanted(name)}") from error


def _wanted(name: str) -> str:
    """Say what a setting takes: `a number from 0 to 3600`."""
    from msgspec import inspect  # noqa: PLC0415 - only a bad setting pays for it

    (kind,) = (one.type for one in inspect.type_info(Settings).fields if one.name == name)  # type: ignore[attr-defined]
    match kind.type if isinstance(kind, inspect.Metadata) else kind:
        case inspect.LiteralType(values=values):
            return " or ".join(map(str, values))
        case inspect.StrType():
            return "1 to 64 letters, digits, dots, hyphens or underscores"
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case inspect.FloatType(gt=None, ge=least, le=most):
            return f"a number from {least:g} to {most:g}"
        case inspect.FloatType(gt=least, le=most):
            return f"a number above {least:g}, up to {most:g}"
        case _:
            return "true or false"
