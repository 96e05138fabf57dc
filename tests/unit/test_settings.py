"""The environment is read once, checked, and never changed."""

import dataclasses
from pathlib import Path

import pydantic
import pytest

from settings import PREFIX, BadSetting, Settings, load_settings


def test_without_variables_the_defaults_of_the_design_hold() -> None:
    settings = load_settings()
    assert settings.folder == Path("digits")
    assert settings.database_url == "sqlite:///var/results.db"
    assert settings.redis_url is None
    assert settings.model_dir == Path("model")
    assert settings.var_dir == Path("var")
    assert settings.runtime == "keras"
    assert settings.watch == "auto"
    assert settings.mnist_path is None
    assert 1 <= settings.workers <= 4


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("DIGITS_FOLDER", "/mnt/scans", "folder", Path("/mnt/scans")),
        ("DIGITS_DATABASE_URL", "postgresql+psycopg://db/digits", "database_url", "postgresql+psycopg://db/digits"),
        ("DIGITS_REDIS_URL", "redis://broker:6379/0", "redis_url", "redis://broker:6379/0"),
        ("DIGITS_MODEL_DIR", "/srv/model", "model_dir", Path("/srv/model")),
        ("DIGITS_VAR_DIR", "/srv/var", "var_dir", Path("/srv/var")),
        ("DIGITS_WATCH", "polling", "watch", "polling"),
        ("DIGITS_WORKERS", "3", "workers", 3),
        ("DIGITS_SETTLE_SECONDS", "0", "settle_seconds", 0.0),
        ("DIGITS_RESCAN_SECONDS", "7.5", "rescan_seconds", 7.5),
        ("DIGITS_LOG_LEVEL", "debug", "log_level", "debug"),
        ("MNIST_PATH", "/data/mnist.npz", "mnist_path", Path("/data/mnist.npz")),
        ("DIGITS_MNIST_PATH", "/data/mnist.npz", "mnist_path", Path("/data/mnist.npz")),
    ],
)
def test_a_variable_sets_its_field(
    name: str, value: str, field: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), field) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIGITS_WORKERS", "0"),
        ("DIGITS_WORKERS", "257"),
        ("DIGITS_WORKERS", "two"),
        ("DIGITS_WORKERS", "2.5"),
        ("DIGITS_WATCH", "sometimes"),
        ("DIGITS_RUNTIME", "torch"),
        ("DIGITS_LOG_LEVEL", "loud"),
        ("DIGITS_SETTLE_SECONDS", "-1"),
        ("DIGITS_SETTLE_SECONDS", "nan"),
        ("DIGITS_SETTLE_SECONDS", "soon"),
        ("DIGITS_RESCAN_SECONDS", "0"),
        ("DIGITS_RESCAN_SECONDS", "inf"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_variable_and_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        load_settings()
    sentence = str(caught.value)
    assert sentence.startswith(f"{name} is '{value}': ")
    assert "\n" not in sentence
    assert "pydantic" not in sentence


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", "")
    monkeypatch.setenv("MNIST_PATH", "")
    assert load_settings() == expected


def test_an_unknown_variable_with_our_prefix_is_not_ours_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_settings()
    monkeypatch.setenv("DIGITS_WORKER_ROLE", "reader")
    assert load_settings() == expected


def test_settings_can_not_be_changed() -> None:
    with pytest.raises((pydantic.ValidationError, dataclasses.FrozenInstanceError), match="frozen"):
        load_settings().workers = 9  # type: ignore[misc]  # what is tried here


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
