"""What `digits run` believes: its own parts, and not what others write to Redis."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker import notice
from broker.address import Address
from settings import Settings
from supervisor.errors import RunFailed
from supervisor.run import Run


@pytest.fixture
def run(address: Address, tmp_path: Path) -> Iterator[Run]:
    """Give a run whose parts are not started."""
    settings = Settings(redis_url=address.url, var_dir=tmp_path / "var", model_dir=tmp_path / "model")
    with closing(Run(settings)) as supervised:
        yield supervised


def announce(run: Run, role: str, doing: str) -> None:
    forged = json.dumps({"role": role, "host": "h", "pid": 7, "doing": doing})
    run.client.redis.zadd(run.client.key("presence"), {forged: run.client.redis.time()[0]})


def test_a_forged_presence_ends_no_run(run: Run) -> None:
    announce(run, "worker", "stopped: \x1b[2Jowned")
    announce(run, "trainer", "failed: owned")
    run.tend()
    run.require_reading()
    assert run.stopped is None
    assert run.doing == "training: failed: owned"


@pytest.mark.parametrize("kind", ["lpush", "set"])
def test_a_presence_of_another_type_ends_no_run(run: Run, kind: str) -> None:
    getattr(run.client.redis, kind)(run.client.key("presence"), "x")
    run.tend()
    run.require_reading()


def test_a_training_that_others_announce_is_waited_for_only_without_a_model(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(run, "trainer", "epoch 1 of 2")
    run.tend()
    assert run.trains
    monkeypatch.setattr("supervisor.run.needed", lambda _: None)
    monkeypatch.setattr("supervisor.run.LOOK_AROUND_SECONDS", 0.0)
    run._next_look = 0.0  # noqa: SLF001 - the second within a second
    run.tend()
    assert not run.trains


def test_a_part_s_own_word_ends_a_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = run._supervisor.trainer  # noqa: SLF001 - as after its start, which takes seconds
    monkeypatch.setattr(type(trainer), "notice", "the training failed")
    with pytest.raises(RunFailed, match="the training failed"):
        run.require_reading()


def test_an_optional_training_that_failed_ends_no_run_that_has_a_model(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = run._supervisor  # noqa: SLF001 - likewise
    monkeypatch.setattr(parts.trainer, "_process", object())
    notice_file = parts.trainer._notice  # noqa: SLF001 - likewise
    notice_file.parent.mkdir(parents=True)
    monkeypatch.setenv(notice.VARIABLE, str(notice_file))
    notice.tell("there is no MNIST")
    with pytest.raises(RunFailed, match="there is no MNIST"):
        run.require_reading()
    monkeypatch.setattr("supervisor.run.needed", lambda _: None)
    run.require_reading()
    monkeypatch.setattr(parts.trainer, "_process", None)


def test_a_part_that_nobody_supervises_tells_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(notice.VARIABLE, raising=False)
    notice.tell("it has stopped")
    assert list(tmp_path.iterdir()) == []
    assert notice.told(tmp_path / "nothing") == ""
