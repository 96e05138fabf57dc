"""Rows follow their files also while a worker reads them."""

import hashlib
import os
from pathlib import Path

import pytest

from db import claims, intake, queries
from db.claims import Answer
from db.engine import Database
from db.intake import SeenFile
from db.tables import Status
from watcher import moves
from watcher.content import digest
from watcher.moves import Moves

DATA = b"some bytes"


def test_a_row_that_is_answered_while_its_file_moves_follows_it_with_its_reading(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.png").write_bytes(DATA)
    (row_id,) = intake.register(database, "digits", [SeenFile("old.png", len(DATA), 1)])
    claims.claim(database, [row_id], "reader")
    answer = Answer(row_id, Status.ACCEPTED, reading="7", hash=hashlib.sha256(DATA).hexdigest())

    def read_meanwhile(*where: bytes) -> str | None:
        claims.answer(database, "reader", [answer])
        return digest(*where)

    monkeypatch.setattr(moves, "digest", read_meanwhile)
    new = SeenFile("new.png", len(DATA), 1)
    assert Moves(os.fsencode(tmp_path), "digits", database).follow([new]) == {"new.png": None}
    (row,) = queries.results(database, queries.Filter())
    assert (row.id, row.path, row.status, row.reading) == (row_id, "new.png", Status.ACCEPTED, "7")
