"""Reading stops when readers die in a row, and goes on when there is a reason to try again."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from worker.breaker import DEATHS_IN_A_ROW, WHY, Breaker


@pytest.fixture
def changes() -> list[bool]:
    """Whether the breaker was open, after each change."""
    return []


@pytest.fixture
def breaker(tmp_path: Path, changes: list[bool]) -> Breaker:
    (tmp_path / "active").write_text("0001\n")
    breaker = Breaker(tmp_path)
    breaker.on_change = lambda: changes.append(breaker.open)
    return breaker


def die(breaker: Breaker, deaths: int) -> None:
    for _ in range(deaths):
        breaker.died()


def test_it_opens_when_readers_die_in_a_row_and_says_so_once(breaker: Breaker, changes: list[bool]) -> None:
    with capture_logs() as logs:
        die(breaker, DEATHS_IN_A_ROW - 1)
        assert not breaker.open
        die(breaker, 3)
    assert changes == [True]
    assert [(log["log_level"], log["event"]) for log in logs] == [("error", WHY)]


def test_an_answer_between_deaths_begins_the_count_anew(breaker: Breaker, changes: list[bool]) -> None:
    for _ in range(3):
        die(breaker, DEATHS_IN_A_ROW - 1)
        breaker.answered()
    assert changes == []


def test_an_answer_of_a_reader_that_still_lives_closes_it(breaker: Breaker, changes: list[bool]) -> None:
    die(breaker, DEATHS_IN_A_ROW)
    breaker.answered()
    assert changes == [True, False]
    die(breaker, DEATHS_IN_A_ROW - 1)
    assert not breaker.open


def test_it_stays_open_until_another_model_is_made_active(
    breaker: Breaker, changes: list[bool], tmp_path: Path
) -> None:
    die(breaker, DEATHS_IN_A_ROW)
    breaker.look()
    assert changes == [True]
    (tmp_path / "new").write_text("0002\n")
    (tmp_path / "new").replace(tmp_path / "active")
    breaker.look()
    assert changes == [True, False]
    die(breaker, DEATHS_IN_A_ROW)  # it kills every reader too
    assert changes == [True, False, True]


def test_a_model_that_is_gone_is_no_other_one_until_it_is_back(breaker: Breaker, tmp_path: Path) -> None:
    (tmp_path / "active").unlink()
    die(breaker, DEATHS_IN_A_ROW)
    breaker.look()
    assert breaker.open
    (tmp_path / "active").write_text("0001\n")
    breaker.look()
    assert not breaker.open
