"""Which rows are enqueued again, and when, with a real ledger and a real broker."""

import itertools
import json
import time
from base64 import b64decode
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from broker.address import Address
from broker.client import Client
from broker.message import READING_QUEUE
from db import claims, intake
from db.claims import Answer
from db.engine import Database
from db.intake import OVERTAKEN_MS, SeenFile
from db.tables import Status, images
from watcher.enqueuer import Enqueuer
from watcher.resends import LONGEST_PAUSE


class Place:
    """A ledger, a broker, a clock that is set by hand, and the enqueuer of the folder `digits`."""

    def __init__(self, database: Database, client: Client) -> None:
        self.database = database
        self.client = client
        self.now = 1000.0
        self.enqueuer = Enqueuer(database, client, "digits", clock=lambda: self.now)

    def register(self, name: str, *, ago_ms: int = 0, folder: str = "digits") -> int:
        """Register a file as if that was some time ago; its message is lost."""
        (row_id,) = intake.register(self.database, folder, [SeenFile(name, 1, 1)])
        with self.database.writing() as connection:
            seen = update(images).values(first_seen_ms=time.time_ns() // 1_000_000 - ago_ms)
            connection.execute(seen.where(images.c.id == row_id))
        return row_id

    def answer(self, row_id: int) -> None:
        claims.claim(self.database, [row_id], "reader")
        claims.answer(self.database, "reader", [Answer(row_id, Status.ACCEPTED, reading="7")])

    def sent(self) -> list[int]:
        """Reconcile once and give the rows that were enqueued."""
        key = self.client.key(READING_QUEUE)
        before = self.client.waiting() or 0
        self.enqueuer.reconcile()
        new = self.client.redis.lrange(key, 0, (self.client.waiting() or 0) - before - 1) if self.waits(before) else []
        return sorted(row for raw in new for row in json.loads(b64decode(json.loads(raw)["body"]))[1]["ids"])

    def waits(self, before: int) -> bool:
        return (self.client.waiting() or 0) > before

    def take_all(self) -> None:
        """Take all messages, as a worker does that answers none of them."""
        self.client.redis.delete(self.client.key(READING_QUEUE))


@pytest.fixture
def place(database: Database, address: Address) -> Iterator[Place]:
    client = Client(address)
    yield Place(database, client)
    client.close()


def test_a_lost_row_is_enqueued_again_at_once_when_no_message_waits(place: Place) -> None:
    row = place.register("7.png")
    assert place.sent() == [row]


def test_rows_of_other_folders_are_left_to_their_own_watchers(place: Place) -> None:
    place.register("7.png", folder="scans", ago_ms=10 * OVERTAKEN_MS)
    assert place.sent() == []
    here = place.register("7.png")
    assert place.sent() == [here]


def test_a_lost_row_is_enqueued_again_under_steady_load_once_later_rows_have_overtaken_it(place: Place) -> None:
    lost = place.register("lost.png", ago_ms=2 * OVERTAKEN_MS)
    later = place.register("later.png")
    place.client.enqueue([later])
    assert place.sent() == []  # nothing shows how far the workers are
    answered = place.register("answered.png", ago_ms=OVERTAKEN_MS // 2)
    place.answer(answered)
    assert place.sent() == [lost]
    assert place.sent() == []  # its message waits now


def test_rows_in_a_long_queue_are_not_enqueued_again_however_long_they_wait(place: Place) -> None:
    rows = [place.register(f"{number}.png", ago_ms=100 * OVERTAKEN_MS - number) for number in range(5)]
    place.client.enqueue(rows)
    place.answer(rows[0])
    assert place.sent() == []


def test_a_row_that_nobody_answers_is_enqueued_ever_more_seldom(place: Place) -> None:
    place.register("7.png")
    times = []
    for _ in range(600):
        place.now += 1
        if place.sent():
            times.append(place.now)
        place.take_all()
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses[:5] == [2, 4, 8, 16, 32]
    assert set(pauses[5:]) == {LONGEST_PAUSE}


def test_a_new_row_does_not_wait_for_one_that_nobody_answers(place: Place) -> None:
    stuck = place.register("stuck.png")
    for _ in range(20):
        place.now += 1
        place.sent()
        place.take_all()
    new = place.register("new.png")
    assert place.sent() in ([new], [stuck, new])


def test_what_is_forgotten_was_enqueued_long_ago(place: Place) -> None:
    row = place.register("7.png")
    place.sent()
    place.answer(row)
    place.now += 100 * LONGEST_PAUSE
    again = place.register("8.png")
    place.take_all()
    assert place.sent() == [again]
