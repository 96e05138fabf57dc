"""The floor below which no situation may fall."""

from pathlib import Path

from bench.situations.floor import Floor, read_floor, write_floor


def test_a_floor_that_is_written_again_only_rises(tmp_path: Path) -> None:
    path = tmp_path / "floor.json"
    write_floor({"ring": Floor(0.9, 0.05)}, path)
    write_floor({"ring": Floor(0.8, 0.02), "box": Floor(0.7, 0.1)}, path)
    assert read_floor(path) == {"ring": Floor(0.9, 0.02), "box": Floor(0.7, 0.1)}
