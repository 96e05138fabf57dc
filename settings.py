"""Every environment variable, read once into one frozen, typed object."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "DIGITS_"


class BadSetting(Exception):  # noqa: N818 - reads as the sentence it carries
    """An environment variable has a value that can't be used; the text says which and why."""


class Settings(BaseSettings):
    """What a user may set; each field is `DIGITS_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    folder: Path = Field(Path("digits"), description="the watched folder")
    database_url: str = Field(
        "sqlite:///var/results.db", description="the ledger: SQLite, or PostgreSQL for many hosts"
    )
    redis_url: str | None = Field(None, description="the broker; without it `digits run` brings its own")
    model_dir: Path = Field(Path("model"), description="the published models")
    var_dir: Path = Field(Path("var"), description="logs and the embedded broker's socket")
    runtime: Literal["keras", "litert"] = Field("keras", description="what runs the network")
    watch: Literal["auto", "polling"] = Field("auto", description="`polling` for network mounts, which send no events")
    workers: Annotated[int, Field(ge=1, le=256)] = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 4), description="reading processes (default: cores, 4 at most)"
    )
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        0.5, description="how long a file nobody closed must hold still before it counts as complete"
    )
    rescan_seconds: Annotated[float, Field(gt=0, le=86400)] = Field(30.0, description="between two looks at the folder")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much the logs tell")
    pulse_file: Path | None = Field(
        None, description="a file that a part touches every five seconds while it gets on, for health checks"
    )
    events: bool = Field(False, description="workers tell Celery's monitor (Flower) of each message they read")  # noqa: FBT003
    mnist_path: Path | None = Field(
        None,
        validation_alias=AliasChoices("MNIST_PATH", "DIGITS_MNIST_PATH"),
        description="an mnist.npz to train on, instead of the Keras cache or a download",
    )


def load_settings() -> Settings:
    """Read the environment. Raises BadSetting with one sentence for the first variable that can't be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper().removeprefix(PREFIX)
        raise BadSetting(f"{name} is {first.get('input')!r}: {first['msg'][0].lower()}{first['msg'][1:]}") from error
