"""What a task writes into the log."""

import pytest

from worker.tasks import spans


@pytest.mark.parametrize(
    ("rows", "written"), [([7], "7"), ([1, 2, 3], "1-3"), ([9, 1, 3, 2, 300], "1-3,9,300"), ([5, 5], "5")]
)
def test_rows_are_written_as_spans(rows: list[int], written: str) -> None:
    assert spans(rows) == written
