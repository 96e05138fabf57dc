"""When a supervised run gives up, as far as those who are present tell."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing

import pytest

from broker.address import Address
from broker.client import Client
from broker.presence import OwnPresence
from settings import Settings
from supervisor.errors import RunFailed
from supervisor.run import Run


@pytest.fixture
def run(settings: Settings, address: Address) -> Iterator[Run]:
    """Give a run whose parts were not started: the tests say who is present."""
    with closing(Run(dataclasses.replace(settings, redis_url=address.url))) as supervised:
        yield supervised


def announce(address: Address, role: str, doing: str) -> None:
    with closing(Client(address)) as client:
        OwnPresence(client, role, lambda: doing).announce()


def test_failed_training_ends_no_run_while_a_model_reads(run: Run, address: Address) -> None:
    announce(address, "worker", "model 3")
    announce(address, "trainer", "failed: no way to MNIST")
    run.tend()
    run.require_reading()
    assert not run.trains


def test_failed_training_ends_a_run_that_has_no_model(run: Run, address: Address) -> None:
    announce(address, "worker", "no model")
    announce(address, "trainer", "failed: no way to MNIST")
    run.tend()
    with pytest.raises(RunFailed, match="there is no model to read with, and no way to MNIST"):
        run.require_reading()


def test_worker_that_still_starts_may_have_a_model(run: Run, address: Address) -> None:
    announce(address, "trainer", "failed: no way to MNIST")
    run.tend()
    run.require_reading()


def test_training_that_goes_on_is_waited_for(run: Run, address: Address) -> None:
    announce(address, "worker", "no model")
    announce(address, "trainer", "epoch 3 of 20, 17 min left")
    run.tend()
    run.require_reading()
    assert run.trains
