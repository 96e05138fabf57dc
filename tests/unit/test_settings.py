"""The environment is read once, checked, and never changed."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from settings import PREFIX, BadSetting, Settings, load_settings


def test_without_variables_the_defaults_of_the_design_hold() -> None:
    settings = load_settings()
    assert settings.folder == Path("digits")
    assert settings.database_url == "sqlite:///var/results.db"
    assert settings.redis_url is None
    assert settings.redis_namespace == "digits"
    assert settings.model_dir == Path("model")
    assert settings.var_dir == Path("var")
    assert settings.runtime == "auto"
    assert settings.watch == "auto"
    assert settings.mnist_path is None
    assert 1 <= settings.workers <= 4


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("DIGITS_FOLDER", "/mnt/scans", "folder", Path("/mnt/scans")),
        ("DIGITS_DATABASE_URL", "postgresql+psycopg://db/digits", "database_url", "postgresql+psycopg://db/digits"),
        ("DIGITS_REDIS_URL", "redis://broker:6379/0", "redis_url", "redis://broker:6379/0"),
        ("DIGITS_REDIS_NAMESPACE", "site-1.test_2", "redis_namespace", "site-1.test_2"),
        ("DIGITS_MODEL_DIR", "/srv/model", "model_dir", Path("/srv/model")),
        ("DIGITS_VAR_DIR", "/srv/var", "var_dir", Path("/srv/var")),
        ("DIGITS_WATCH", "polling", "watch", "polling"),
        ("DIGITS_IGNORE", " backup, *.old,,2019/* ", "ignore", ("backup", "*.old", "2019/*")),
        ("DIGITS_WORKERS", "3", "workers", 3),
        ("DIGITS_SETTLE_SECONDS", "0", "settle_seconds", 0.0),
        ("DIGITS_RESCAN_SECONDS", "7.5", "rescan_seconds", 7.5),
        ("DIGITS_LOG_LEVEL", "debug", "log_level", "debug"),
        ("DIGITS_PRESENCE_FILE", "/tmp/presence", "presence_file", Path("/tmp/presence")),  # noqa: S108 - not made
        ("DIGITS_EVENTS", "true", "events", True),
        ("DIGITS_EVENTS", "0", "events", False),
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
    ("name", "value", "wanted"),
    [
        ("DIGITS_WORKERS", "0", "a whole number from 1 to 256"),
        ("DIGITS_WORKERS", "257", "a whole number from 1 to 256"),
        ("DIGITS_WORKERS", "two", "a whole number from 1 to 256"),
        ("DIGITS_WORKERS", "2.5", "a whole number from 1 to 256"),
        ("DIGITS_WATCH", "sometimes", "auto or polling"),
        ("DIGITS_RUNTIME", "torch", "auto or keras or litert"),
        ("DIGITS_LOG_LEVEL", "loud", "debug or error or info or warning"),
        ("DIGITS_SETTLE_SECONDS", "-1", "a number from 0 to 3600"),
        ("DIGITS_SETTLE_SECONDS", "nan", "a number from 0 to 3600"),
        ("DIGITS_SETTLE_SECONDS", "soon", "a number from 0 to 3600"),
        ("DIGITS_RESCAN_SECONDS", "0", "a number above 0, up to 86400"),
        ("DIGITS_RESCAN_SECONDS", "inf", "a number above 0, up to 86400"),
        ("DIGITS_EVENTS", "perhaps", "true or false"),
        ("DIGITS_REDIS_NAMESPACE", "two words", "1 to 64 letters, digits, dots, hyphens or underscores"),
        ("DIGITS_REDIS_NAMESPACE", "a:b", "1 to 64 letters, digits, dots, hyphens or underscores"),
        ("DIGITS_REDIS_NAMESPACE", "all*", "1 to 64 letters, digits, dots, hyphens or underscores"),
        ("DIGITS_REDIS_NAMESPACE", "é", "1 to 64 letters, digits, dots, hyphens or underscores"),
        ("DIGITS_REDIS_NAMESPACE", "x" * 65, "1 to 64 letters, digits, dots, hyphens or underscores"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_variable_and_value(
    name: str, value: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        load_settings()
    assert str(caught.value) == f"{name} is '{value}': it must be {wanted}"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_settings()
    for one in fields(Settings):
        monkeypatch.setenv(f"{PREFIX}{one.name.upper()}", "")
    monkeypatch.setenv("MNIST_PATH", "")
    assert load_settings() == expected


def test_an_unknown_variable_with_our_prefix_is_not_ours_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_settings()
    monkeypatch.setenv("DIGITS_WORKER_ROLE", "reader")
    assert load_settings() == expected


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(FrozenInstanceError, match="workers"):
        load_settings().workers = 9  # type: ignore[misc]  # what is tried here
