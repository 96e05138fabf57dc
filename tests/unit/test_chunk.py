"""One message's files are read together, and whatever is wrong with one of them harms only that one."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

import worker.chunk
from db import claims, intake, moves, paths, queries
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.intake import SeenFile
from db.tables import Status
from recognizer.arrays import Cells, Crops, Probabilities
from recognizer.contract import Card, NumberCard
from recognizer.errors import HostFailed
from recognizer.model import LoadedModel
from recognizer.reader import PreparedFile, prepare_file
from recognizer.runtime import Runtime
from tests.unit.cells import Seen, blots, cells_of
from worker.chunk import read_chunk
from worker.watchdog import ANSWERED_EXIT

Draw = Callable[[Path, str], Path]

#: Seconds for anything that is waited for; far above what it takes.
PATIENCE = 60.0

CARD = Card(
    version=3, architecture="mlp", recipe="fake", seed=0, epochs=0, parameters=0, mnist_accuracy=0.1, temperature=1.0,
    accept_threshold=0.85, reject_threshold=0.2, created_at="", training_seconds=0.0, files={}, litert_margin=0.0,
    numbers=NumberCard("fake", 0, 0, 0, 0.0, 0.1, 0.1, slope=1.0, offset=0.0, accept_threshold=0.85),
)  # fmt: skip


def always_seven(batch: Crops) -> Probabilities:
    """Read every digit as 7, 90 % sure: one digit is accepted, two (81 %) are not."""
    return np.tile(np.where(np.arange(10) == 7, 0.9, 0.1 / 9).astype(np.float32), (len(batch), 1))


def sevens(canvas: Crops) -> Cells:
    """See a 7 in every blot, just as sure."""
    seen = [Seen(7, x + width / 2, y + height / 2, width, height, 0.9) for x, y, width, height in blots(canvas)]
    return cells_of(seen, canvas.shape)


MODEL = LoadedModel(CARD, Runtime((256,), always_seven), sevens)


class Ledger:
    """A folder, its ledger, and what became of its files."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database

    def register(self, *names: str | bytes) -> list[int]:
        """Register files that were last changed long ago, as the watcher would."""
        return [self.register_as_it_is(name, changed=1_600_000_000) for name in names]

    def register_as_it_is(self, name: str | bytes, changed: float | None = None) -> int:
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        if changed and not os.path.islink(path):
            os.utime(path, (changed, changed))
        found = os.lstat(path)
        seen = SeenFile(paths.to_text(os.fsencode(name)), found.st_size, found.st_mtime_ns)
        (row_id,) = intake.register(self.database, paths.folder_text(self.folder, self.database.url), [seen])
        return row_id

    def outcomes(self) -> dict[str, tuple[str, str | None]]:
        found = queries.results(self.database, queries.Filter())
        return {result.path: (result.status.value, result.reason or result.reading) for result in found}


@pytest.fixture
def ledger(tmp_path: Path, database: Database) -> Ledger:
    (tmp_path / "digits").mkdir()
    return Ledger(tmp_path / "digits", database)


def test_every_file_of_a_chunk_gets_its_own_outcome(ledger: Ledger, draw: Draw) -> None:
    draw(ledger.folder / "one.png", "7")
    draw(ledger.folder / "two.png", "77")
    draw(ledger.folder / "blank.png", "")
    (ledger.folder / "empty.png").touch()
    (ledger.folder / "text.png").write_text("not a picture at all")
    cut = draw(ledger.folder / "cut.png", "7")
    cut.write_bytes(cut.read_bytes()[:-40])
    (ledger.folder / "link.png").symlink_to("one.png")
    os.mkfifo(ledger.folder / "pipe.png")
    names = ["one.png", "two.png", "blank.png", "empty.png", "text.png", "cut.png", "link.png", "pipe.png", "gone.png"]
    (ledger.folder / "gone.png").touch()
    rows = ledger.register(*names)
    (ledger.folder / "gone.png").unlink()
    done = read_chunk(ledger.database, MODEL, rows, "message")
    outcomes = ledger.outcomes()
    assert outcomes.pop("two.png")[0] == "review"
    assert all(reason for status, reason in outcomes.values() if status != "accepted")
    assert {name: status for name, (status, _) in outcomes.items()} == {
        "one.png": "accepted",
        "blank.png": "rejected",
        "empty.png": "failed",
        "text.png": "failed",
        "cut.png": "failed",
        "link.png": "failed",
        "pipe.png": "failed",
        "gone.png": "failed",
    }
    assert outcomes["one.png"] == ("accepted", "7")
    assert outcomes["gone.png"] == ("failed", "vanished")
    assert (done.answered, done.rest, done.alone) == (9, [], [])


def test_an_answer_carries_model_hash_and_digits(ledger: Ledger, draw: Draw) -> None:
    draw(ledger.folder / "77.png", "77")
    (row_id,) = ledger.register("77.png")
    read_chunk(ledger.database, MODEL, [row_id], "message")
    (result,) = queries.results(ledger.database, queries.Filter())
    assert (result.reading, result.status, result.model_version) == ("77", Status.REVIEW, 3)
    assert result.written == "7 7"  # a digit's height is free between them
    assert result.confidence == pytest.approx(0.81, abs=1e-4)
    left, right = queries.digits_of(ledger.database, [row_id])[row_id]
    assert (left.label, right.label) == (7, 7)
    assert left.box[0] < right.box[0]
    assert sum(left.probabilities) == pytest.approx(1.0, abs=1e-6)


def test_a_name_that_is_no_text_is_read(ledger: Ledger, draw: Draw) -> None:
    drawn = draw(ledger.folder / "drawn.png", "7")
    os.rename(drawn, os.path.join(os.fsencode(ledger.folder), b"\xff\\\n.png"))
    read_chunk(ledger.database, MODEL, ledger.register(b"\xff\\\n.png"), "message")
    assert ledger.outcomes() == {"\\xff\\\\\n.png": ("accepted", "7")}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), "it needs more memory than there is"),
        (ValueError("a bug"), "the reader failed on it (ValueError)"),
        (RecursionError(), "the reader failed on it (RecursionError)"),
        (OSError(5, "I/O error"), "the reader failed on it (OSError)"),
    ],
)
def test_a_reader_that_fails_on_one_file_reads_the_others(
    ledger: Ledger, draw: Draw, error: Exception, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_one(path: bytes, *, below: bytes) -> PreparedFile:
        if path.endswith(b"bad.png"):
            raise error
        return prepare_file(path, below=below)

    monkeypatch.setattr(worker.chunk, "prepare_file", fails_on_one)
    names = ["before.png", "bad.png", "after.png"]
    for name in names:
        draw(ledger.folder / name, "7")
    read_chunk(ledger.database, MODEL, ledger.register(*names), "message")
    outcomes = ledger.outcomes()
    assert outcomes.pop("bad.png") == ("failed", expected)
    assert set(outcomes.values()) == {("accepted", "7")}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), "it needs more memory than there is"),
        (ValueError("a bug"), "the reader failed on it (ValueError)"),
    ],
)
def test_a_model_that_fails_on_one_file_reads_the_others(
    ledger: Ledger, draw: Draw, error: Exception, expected: str
) -> None:
    def fails_on_two(canvas: Crops) -> Cells:
        if len(blots(canvas)) > 1:
            raise error
        return sevens(canvas)

    draw(ledger.folder / "before.png", "7")
    draw(ledger.folder / "bad.png", "77")
    draw(ledger.folder / "after.png", "7")
    rows = ledger.register("before.png", "bad.png", "after.png")
    done = read_chunk(ledger.database, LoadedModel(CARD, Runtime((256,), always_seven), fails_on_two), rows, "message")
    outcomes = ledger.outcomes()
    assert outcomes.pop("bad.png") == ("failed", expected)
    assert set(outcomes.values()) == {("accepted", "7")}
    assert done.answered == 3


def test_a_log_line_about_one_file_carries_its_row(ledger: Ledger, draw: Draw) -> None:
    (ledger.folder / "bad.png").write_bytes(b"text")
    draw(ledger.folder / "good.png", "7")
    bad, good = ledger.register("bad.png", "good.png")
    claims.claim(ledger.database, [good], "message")
    with capture_logs() as logs:
        read_chunk(ledger.database, MODEL, [bad], "another")
        read_chunk(ledger.database, MODEL, [good], "message", redelivered=True)
        read_chunk(ledger.database, MODEL, [bad, good], "together")
    assert [(line["event"], line["row"]) for line in logs] == [
        ("file failed", bad),
        ("a reader died on it, it is tried again", good),
    ]


def test_a_file_that_changed_after_it_was_registered_stays_queued(ledger: Ledger, draw: Draw) -> None:
    draw(ledger.folder / "changing.png", "7")
    draw(ledger.folder / "neighbour.png", "7")
    rows = ledger.register("changing.png", "neighbour.png")
    draw(ledger.folder / "changing.png", "77")
    done = read_chunk(ledger.database, MODEL, rows, "message")
    assert ledger.outcomes() == {"changing.png": ("queued", None), "neighbour.png": ("accepted", "7")}
    assert done.answered == 1
    assert intake.owed(ledger.database).tried == rows[:1]  # at once


def test_a_file_that_never_is_as_it_was_registered_is_failed_with_that_reason(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.chunk, "GROWING_SECONDS", 3600.0)
    draw(ledger.folder / "other.png", "7")
    (row_id,) = ledger.register("other.png")
    draw(ledger.folder / "other.png", "77")  # on some file systems a look gives another size than reading does
    for message in range(claims.MAX_ATTEMPTS):
        assert ledger.outcomes() == {"other.png": ("queued", None)}
        assert intake.owed(ledger.database).tried == [row_id] * (message > 0)
        read_chunk(ledger.database, MODEL, [row_id], f"message {message}")
    assert ledger.outcomes() == {"other.png": ("failed", claims.UNSTEADY)}


def test_a_reader_that_fails_outside_of_any_file_does_not_get_its_rows_for_ever(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(ledger.folder / "7.png", "7")
    rows = ledger.register("7.png")
    monkeypatch.setattr(worker.chunk._Opened, "answers", lambda *_: 1 / 0)  # noqa: SLF001 - nothing public fails so
    for message in range(claims.MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            read_chunk(ledger.database, MODEL, rows, f"message {message}")
    assert ledger.outcomes() == {"7.png": ("failed", claims.UNANSWERED)}


@pytest.mark.parametrize("year", [1500, 1900, 1969, 2263, 2300, 2446, 9999])
def test_a_file_of_any_year_is_read_and_known_again(ledger: Ledger, draw: Draw, year: int) -> None:
    path = draw(ledger.folder / "7.png", "7")
    row_id = ledger.register_as_it_is("7.png", changed=(year - 1970) * 31_556_952)
    read_chunk(ledger.database, MODEL, [row_id], "message")
    assert ledger.outcomes() == {"7.png": ("accepted", "7")}
    seen = SeenFile("7.png", path.stat().st_size, path.stat().st_mtime_ns)
    assert moves.changed(ledger.database, paths.folder_text(ledger.folder, ledger.database.url), [seen]) == []


@pytest.mark.parametrize("ago", [3600.0, -3600.0])
def test_a_file_that_holds_still_is_answered_though_the_ledger_has_another_time_of_it(
    ledger: Ledger, draw: Draw, ago: float
) -> None:
    """As when nobody looks at it again, or the ledger can't hold its time."""
    draw(ledger.folder / "7.png", "7")
    rows = ledger.register("7.png")
    os.utime(ledger.folder / "7.png", (time.time() - ago,) * 2)
    assert read_chunk(ledger.database, MODEL, rows, "message").answered == 1
    assert ledger.outcomes() == {"7.png": ("accepted", "7")}


def test_a_file_below_a_directory_that_became_a_link_is_not_read(ledger: Ledger, draw: Draw, tmp_path: Path) -> None:
    (ledger.folder / "a" / "b").mkdir(parents=True)
    draw(ledger.folder / "a" / "b" / "secret.png", "7")
    rows = ledger.register("a/b/secret.png")
    (ledger.folder / "a").rename(tmp_path / "outside")
    (ledger.folder / "a").symlink_to(tmp_path / "outside")
    assert read_chunk(ledger.database, MODEL, rows, "message").answered == 1
    assert ledger.outcomes() == {"a/b/secret.png": ("failed", "below a symbolic link; links are not followed")}


def test_files_of_a_watched_folder_that_is_a_link_are_read(ledger: Ledger, draw: Draw, tmp_path: Path) -> None:
    (ledger.folder / "a").mkdir()
    draw(ledger.folder / "a" / "7.png", "7")
    rows = ledger.register("a/7.png")
    ledger.folder.rename(tmp_path / "elsewhere")
    ledger.folder.symlink_to("elsewhere")
    read_chunk(ledger.database, MODEL, rows, "message")
    assert ledger.outcomes() == {"a/7.png": ("accepted", "7")}


def test_a_bad_file_that_changed_a_moment_ago_is_looked_at_again(ledger: Ledger) -> None:
    (ledger.folder / "growing.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    moment = time.time() - worker.chunk.GROWING_SECONDS / 2
    row_id = ledger.register_as_it_is("growing.png", changed=moment)
    read_chunk(ledger.database, MODEL, [row_id], "message")
    assert ledger.outcomes() == {"growing.png": ("queued", None)}
    assert intake.owed(ledger.database).tried == [row_id]


@pytest.mark.parametrize("ago", [3600.0, 3.1, -3600.0])
def test_a_bad_file_that_has_not_changed_for_a_while_is_failed(ledger: Ledger, ago: float) -> None:
    (ledger.folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    row_id = ledger.register_as_it_is("bad.png", changed=time.time() - ago)
    read_chunk(ledger.database, MODEL, [row_id], "message")
    assert ledger.outcomes()["bad.png"][0] == "failed"


def test_a_file_that_vanished_a_moment_ago_is_failed_at_once(ledger: Ledger) -> None:
    (ledger.folder / "gone.png").touch()
    row_id = ledger.register_as_it_is("gone.png")
    (ledger.folder / "gone.png").unlink()
    read_chunk(ledger.database, MODEL, [row_id], "message")
    assert ledger.outcomes() == {"gone.png": ("failed", "vanished")}


def test_a_file_that_the_host_fails_to_read_is_tried_again_until_its_attempts_are_gone(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["bad.png", "good.png"]
    for name in names:
        draw(ledger.folder / name, "7")
    rows = ledger.register(*names)

    def fail(path: bytes, *, below: bytes) -> PreparedFile:
        if path.endswith(b"bad.png"):
            raise HostFailed("Input/output error")
        return prepare_file(path, below=below)

    with monkeypatch.context() as patched:
        patched.setattr(worker.chunk, "prepare_file", fail)
        assert read_chunk(ledger.database, MODEL, rows, "first").answered == 1
        assert ledger.outcomes() == {"bad.png": ("queued", None), "good.png": ("accepted", "7")}
        assert intake.owed(ledger.database).tried == rows[:1]
    assert read_chunk(ledger.database, MODEL, rows[:1], "second").answered == 1
    assert ledger.outcomes()["bad.png"] == ("accepted", "7")
    (ledger.folder / "bad.png").write_bytes(b"another")
    again = ledger.register("bad.png")
    monkeypatch.setattr(worker.chunk, "prepare_file", fail)
    for message in range(claims.MAX_ATTEMPTS):
        assert ledger.outcomes()["bad.png"] == ("queued", None)
        read_chunk(ledger.database, MODEL, again, f"message {message}")
    assert ledger.outcomes()["bad.png"] == ("failed", "the host failed to read it 10 times: Input/output error")


def test_files_of_a_folder_that_is_not_mounted_here_are_left_to_other_workers(ledger: Ledger, draw: Draw) -> None:
    draw(ledger.folder / "seven.png", "7")
    rows = ledger.register("seven.png")
    elsewhere = ledger.folder.rename(ledger.folder.with_name("elsewhere"))
    with capture_logs() as logs:
        for message in ("first", "second"):
            done = read_chunk(ledger.database, MODEL, rows, message)
            folder = paths.folder_text(ledger.folder, ledger.database.url)
            assert (done.answered, done.unseen, done.rest) == (0, dict.fromkeys(rows, folder), [])
    assert ledger.outcomes() == {"seven.png": ("queued", None)}
    assert intake.owed(ledger.database).fresh == rows  # at no attempt's cost
    assert [log["log_level"] for log in logs] == ["error"]  # told once
    elsewhere.rename(ledger.folder)
    done = read_chunk(ledger.database, MODEL, rows, "third")
    assert (done.answered, done.unseen, done.seen) == (1, {}, {folder})
    assert ledger.outcomes() == {"seven.png": ("accepted", "7")}


def test_a_relative_folder_of_a_ledger_that_is_found_from_anywhere_is_not_looked_for_in_todays_directory(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ledger.folder.parent)
    draw(ledger.folder / "7.png", "7")
    rows = intake.register(ledger.database, ledger.folder.name, [SeenFile("7.png", 1, 1)])
    done = read_chunk(ledger.database, MODEL, rows, "message")
    assert (done.answered, done.unseen) == (0, dict.fromkeys(rows, ledger.folder.name))
    assert ledger.outcomes() == {"7.png": ("queued", None)}


def test_a_chunk_that_takes_too_long_answers_what_it_has_and_enqueues_the_rest(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.chunk, "BUDGET_SECONDS", -1.0)
    names = ["a.png", "b.png", "c.png"]
    for name in names:
        draw(ledger.folder / name, "7")
    rows = ledger.register(*names)
    done = read_chunk(ledger.database, MODEL, rows, "message")
    assert (done.answered, done.rest) == (1, rows[1:])  # the first is always read, so that it ends some time
    assert intake.owed(ledger.database).fresh == rows[1:]
    assert read_chunk(ledger.database, MODEL, done.rest, "next").rest == rows[2:]
    assert read_chunk(ledger.database, MODEL, rows[2:], "last").rest == []
    assert set(ledger.outcomes().values()) == {("accepted", "7")}


def test_a_chunk_whose_pictures_take_much_memory_answers_what_it_has_and_sends_the_rest_on(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.png", "b.png", "c.png"]
    for name in names:
        draw(ledger.folder / name, "77")
    rows = ledger.register(*names)
    one = prepare_file(os.fsencode(ledger.folder / "a.png")).prepared.memory
    monkeypatch.setattr(worker.chunk, "MOST_MEMORY", 2 * one - 1)
    done = read_chunk(ledger.database, MODEL, rows, "message")
    assert (done.answered, done.rest) == (2, rows[2:])
    assert read_chunk(ledger.database, MODEL, rows[2:], "last").rest == []


def test_a_file_that_takes_too_long_is_failed_at_once_and_its_reader_ends(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.png", "slow.png", "z.png"]
    for name in names:
        draw(ledger.folder / name, "7")
    rows, ended, codes = ledger.register(*names), threading.Event(), []

    def slow(path: bytes, *, below: bytes) -> PreparedFile:
        if path.endswith(b"slow.png"):
            assert ended.wait(PATIENCE)
        return prepare_file(path, below=below)

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    monkeypatch.setattr(worker.chunk, "prepare_file", slow)
    monkeypatch.setattr(worker.chunk, "FILE_SECONDS", 2.0)
    monkeypatch.setattr(os, "_exit", end)  # here the thread that reads goes on; what it finds no longer counts
    assert read_chunk(ledger.database, MODEL, rows, "message").answered == 0
    assert codes == [ANSWERED_EXIT]
    assert ledger.outcomes() == {
        "a.png": ("queued", None),
        "slow.png": ("failed", "reading it took more than 20 seconds"),
        "z.png": ("queued", None),
    }
    monkeypatch.setattr(worker.chunk, "prepare_file", prepare_file)
    assert read_chunk(ledger.database, MODEL, rows, "message", redelivered=True).answered == 2
    assert ledger.outcomes()["slow.png"][0] == "failed"


def test_a_reader_whose_slow_file_could_not_be_answered_ends_as_a_death(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(ledger.folder / "slow.png", "7")
    claim = claims.claim(ledger.database, ledger.register("slow.png"), "message")
    codes: list[int] = []

    def refuse(*_: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(claims, "answer", refuse)
    with pytest.raises(DatabaseUnavailable):
        worker.chunk._end_process(ledger.database, claim, claim.files[0], "message")  # noqa: SLF001 - in no thread
    assert codes == [1]


def test_a_reader_of_quick_files_is_not_ended(ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.chunk, "FILE_SECONDS", PATIENCE)
    monkeypatch.setattr(os, "_exit", None)
    before = threading.active_count()
    assert (
        read_chunk(ledger.database, MODEL, ledger.register(draw(ledger.folder / "7.png", "7").name), "m").answered == 1
    )
    assert threading.active_count() == before


def test_a_row_that_is_replaced_while_it_is_read_is_not_answered(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(ledger.folder / "7.png", "7")
    (row_id,) = ledger.register("7.png")

    def meanwhile_replaced(path: bytes, *, below: bytes) -> PreparedFile:
        prepared = prepare_file(path, below=below)
        draw(ledger.folder / "7.png", "77")
        ledger.register("7.png")
        return prepared

    monkeypatch.setattr(worker.chunk, "prepare_file", meanwhile_replaced)
    assert read_chunk(ledger.database, MODEL, [row_id], "message").answered == 0
    assert ledger.outcomes() == {"7.png": ("queued", None)}


def test_rows_of_a_reader_that_died_are_enqueued_alone(ledger: Ledger, draw: Draw) -> None:
    for name in ("a.png", "b.png"):
        draw(ledger.folder / name, "7")
    rows = ledger.register("a.png", "b.png")
    claims.claim(ledger.database, rows, "message")
    done = read_chunk(ledger.database, MODEL, rows, "message", redelivered=True)
    assert (done.answered, done.alone) == (0, rows)
    assert read_chunk(ledger.database, MODEL, rows[:1], "alone").answered == 1


def test_answers_are_written_again_to_a_database_that_refused_them(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.chunk, "BACKOFF_SECONDS", (0.0, 0.0))
    refusals = iter([DatabaseUnavailable("locked"), DatabaseUnavailable("locked")])
    write = claims.answer

    def refuse_twice(*given: object) -> int:
        for refusal in refusals:
            raise refusal
        return write(*given)  # type: ignore[arg-type]  # handed through as they came

    monkeypatch.setattr(claims, "answer", refuse_twice)
    draw(ledger.folder / "7.png", "7")
    assert read_chunk(ledger.database, MODEL, ledger.register("7.png"), "message").answered == 1
    assert ledger.outcomes() == {"7.png": ("accepted", "7")}


@pytest.mark.parametrize("end", [MemoryError, SystemExit, KeyboardInterrupt])
def test_the_rows_of_a_chunk_that_ends_early_are_released(
    ledger: Ledger, draw: Draw, end: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_opened: object, _model: LoadedModel) -> list[claims.Answer]:
        raise end

    for name in ("a.png", "b.png"):
        draw(ledger.folder / name, "7")
    rows = ledger.register("a.png", "b.png")
    with monkeypatch.context() as patched:
        patched.setattr(worker.chunk._Opened, "answers", ended)  # noqa: SLF001 - nothing public ends so
        with pytest.raises(end):
            read_chunk(ledger.database, MODEL, rows, "message")
    assert intake.owed(ledger.database).fresh == rows  # at no attempt's cost, and at once
    assert read_chunk(ledger.database, MODEL, rows, "message", redelivered=True).answered == 2


def test_answers_are_given_up_before_the_hard_limit_comes(
    ledger: Ledger, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.chunk, "INSIST_SECONDS", -1.0)  # as if a first try had taken all the time there is
    tries: list[object] = []

    def refuse(*given: object) -> int:
        tries.append(given)
        raise DatabaseUnavailable("locked")

    monkeypatch.setattr(claims, "answer", refuse)
    draw(ledger.folder / "7.png", "7")
    with pytest.raises(DatabaseUnavailable):
        read_chunk(ledger.database, MODEL, ledger.register("7.png"), "message")
    assert len(tries) == 1


def test_a_message_for_nothing_that_waits_opens_no_file(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(_path: bytes, **_: bytes) -> PreparedFile:
        pytest.fail("a file was opened")

    monkeypatch.setattr(worker.chunk, "prepare_file", opened)
    done = read_chunk(ledger.database, MODEL, [1, 2, 3], "message")
    assert (done.answered, done.rest, done.alone) == (0, [], [])
