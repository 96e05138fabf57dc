"""A worker without a model, or without its folder, takes no message until that changes."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.address import Address
from broker.client import Client
from worker import waits
from worker.breaker import Breaker
from worker.steps import taking_step
from worker.waits import NO_MODEL, UNSEEN, UNSEEN_SECONDS, Waits


class Place:
    """A model folder as the wait sees it, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.why: str | None = "no model is active"
        self.activated = 0
        self.now = 1000.0
        self.changes: list[bool] = []
        monkeypatch.setattr(waits, "_needed", lambda _: self.why)
        monkeypatch.setattr(waits, "activated_ns", lambda _: self.activated)
        monkeypatch.setattr("worker.waits.time.monotonic", lambda: self.now)
        self.waits = Waits(Path("model"))
        self.waits.on_change = lambda: self.changes.append(self.waits.on)

    def publish(self) -> None:
        self.why = None
        self.activated += 1


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(monkeypatch)


def test_it_waits_from_the_start_and_says_so_once_until_a_model_is_published(place: Place) -> None:
    with capture_logs() as logs:
        for _ in range(3):  # the broker is lost and back
            place.waits.begin()
        for _ in range(100):
            place.now += 60
            place.waits.look()
            place.waits.gave(NO_MODEL)  # of messages taken before
        assert place.waits.on
        place.publish()
        place.waits.look()
    assert not place.waits.on
    assert place.changes == [False]
    assert [log["log_level"] for log in logs] == ["warning", "info"]


def test_with_a_model_it_does_not_wait(place: Place) -> None:
    place.publish()
    place.waits.begin()
    place.waits.gave(16)
    place.waits.gave(0)
    assert not place.waits.on
    assert place.changes == []


def test_a_model_that_vanishes_is_heard_of_from_its_readers(place: Place) -> None:
    place.publish()
    place.waits.begin()
    place.why = "no model is active any more"
    place.waits.gave(NO_MODEL)
    assert place.changes == [True]
    place.publish()
    place.waits.look()
    assert place.changes == [True, False]


def test_a_model_that_no_reader_could_load_is_tried_again_and_again_which_is_told_once(place: Place) -> None:
    """The host may have had no memory for it."""
    place.publish()
    place.waits.begin()
    with capture_logs() as logs:
        for _ in range(3):
            place.waits.gave(NO_MODEL)
            assert place.waits.unloadable  # a training is no cure
            place.waits.look()
            assert place.waits.on
            place.now += waits.REPAIR_SECONDS
            place.waits.look()
            assert not place.waits.on  # so that a message tries
        place.waits.gave(16)
        place.waits.gave(16)
    assert place.changes == [True, False] * 3
    assert [log["log_level"] for log in logs] == ["warning", "info"]


def test_a_model_that_no_reader_can_load_is_waited_out_until_another_is_made_active(place: Place) -> None:
    place.publish()
    place.waits.begin()
    place.waits.gave(NO_MODEL)
    place.waits.look()
    assert place.changes == [True]
    place.publish()
    place.waits.look()
    assert place.changes == [True, False]


def test_a_model_whose_files_are_repaired_is_noticed(place: Place) -> None:
    place.waits.begin()
    place.waits.look()
    place.why = None
    place.now += waits.REPAIR_SECONDS
    place.waits.look()
    assert not place.waits.on


def test_a_folder_that_is_not_seen_ends_the_taking_for_a_while(place: Place) -> None:
    place.publish()
    place.waits.gave(UNSEEN)
    place.waits.look()
    assert place.changes == [True]
    place.now += UNSEEN_SECONDS
    place.waits.look()
    assert place.changes == [True, False]


def test_one_wait_does_not_end_the_other(place: Place) -> None:
    place.waits.begin()
    place.waits.gave(UNSEEN)
    place.now += UNSEEN_SECONDS
    place.waits.look()
    assert place.waits.on


def test_a_worker_that_answers_for_other_folders_does_not_pause_for_one_that_it_does_not_see(place: Place) -> None:
    place.publish()
    for _ in range(100):
        place.waits.gave(16)
        place.now += UNSEEN_SECONDS / 2
        place.waits.gave(UNSEEN)
        place.waits.look()
    assert place.changes == []
    place.now += UNSEEN_SECONDS / 2
    place.waits.gave(UNSEEN)
    assert place.changes == [True]


def test_many_messages_of_a_folder_that_is_not_seen_cost_one_pause_and_not_one_each(place: Place) -> None:
    place.publish()
    place.waits.gave(UNSEEN)
    place.now += UNSEEN_SECONDS
    place.waits.look()
    for _ in range(100):
        place.waits.gave(UNSEEN)
    assert place.changes == [True, False]  # what lies behind them in the queue is reached
    place.now += waits.TAKING_SECONDS
    place.waits.gave(UNSEEN)
    assert place.changes == [True, False, True]


@pytest.mark.parametrize(("missing", "asked"), [(True, 1), (False, 0)])
def test_a_training_is_asked_for_when_there_is_no_model_and_not_when_it_can_not_be_loaded(
    place: Place, address: Address, *, missing: bool, asked: int
) -> None:
    place.why = "no model is active" if missing else None
    place.waits.gave(NO_MODEL)
    client = Client(address)
    client.enqueue([1])
    taking_step(Breaker(Path("model")), place.waits, client)(None)._look()  # noqa: SLF001 - Celery's timer calls it
    assert client.trainings_waiting() == asked
    client.close()
