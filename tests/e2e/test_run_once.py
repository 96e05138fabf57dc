import re
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from db import intake
from db.engine import Database
from db.intake import SeenFile

if TYPE_CHECKING:
    from tests.place import Place

SAMPLES = Path(__file__).parents[2] / "digits"
README = Path(__file__).parents[2] / "README.md"


def rows(place: "Place") -> dict[str, tuple[str, str, str]]:
    with sqlite3.connect(place.path / "var" / "results.db") as connection:
        return {
            path: (reading, status, reason)
            for path, reading, status, reason in connection.execute("SELECT path, reading, status, reason FROM results")
        }


def readme_rows() -> dict[str, tuple[str | None, str, str | None]]:
    """Give what the README shows of the first run; its percentages may differ by the last place between processors."""
    table = README.read_text(encoding="utf-8").partition("\nreading  confidence")[2].partition("\n20 files = ")[0]
    lines = re.findall(r"^(\d+|-) +(?:[\d.]+%)? +(\w+) +(\S+)(?: +(.+))?$", table, re.MULTILINE)
    return {path: (reading.strip("-") or None, status, reason or None) for reading, status, path, reason in lines}


def test_samples_are_read_and_bad_files_get_a_reason_beside_them(place: "Place") -> None:
    place.variables["DIGITS_RUNTIME"] = "keras"
    shutil.copytree(SAMPLES, place.inbox, dirs_exist_ok=True)
    (place.inbox / "empty.png").touch()
    (place.inbox / "text.png").write_text("no picture")
    picture = next(SAMPLES.glob("*.png")).read_bytes()
    (place.inbox / "half.png").write_bytes(picture[: len(picture) // 2])
    (place.inbox / "link.png").symlink_to("/etc/hostname")
    scratch = place.path / "scratch"
    scratch.mkdir()

    first = place.digits("run", "--once", TMPDIR=str(scratch))

    assert first.returncode == 0, first.stdout + first.stderr
    found = rows(place)
    samples = {path.name for path in SAMPLES.iterdir()}
    assert {path: found[path] for path in samples} == readme_rows()
    assert found.keys() == samples | {"empty.png", "text.png", "half.png", "link.png"}
    assert {found[name][1] for name in ("empty.png", "text.png", "half.png", "link.png")} == {"failed"}
    assert all(found[name][2] for name in ("empty.png", "text.png", "half.png", "link.png"))
    assert sum(found[name][1] in {"accepted", "review"} for name in samples) >= len(samples) - 2
    assert f"{len(found)} files = " in first.stdout
    assert place.processes() == {}
    assert not list(scratch.iterdir())

    again = place.digits("run", "--once")

    assert again.returncode == 0
    assert "Nothing new to read." in again.stdout
    assert rows(place) == found


def test_a_run_does_not_wait_for_files_of_a_folder_that_is_gone(place: "Place") -> None:
    assert place.digits("migrate").returncode == 0
    database = Database(f"sqlite:///{place.path / 'var' / 'results.db'}")
    intake.register(database, "gone", [SeenFile("left behind.png", 1, 1)])
    database.close()
    shutil.copy(SAMPLES / "four-marker.png", place.inbox)

    ended = place.digits("run", "--once")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert rows(place)["four-marker.png"][0] == "4"
    assert "1 still queued" in ended.stdout


def test_missing_folder_is_one_sentence(place: "Place") -> None:
    assert_one_sentence(place.digits("run", "--once", "nowhere"), "nowhere")


def test_file_instead_of_a_folder_is_one_sentence(place: "Place") -> None:
    (place.path / "file").touch()
    assert_one_sentence(place.digits("run", "--once", "file"), "not a folder")


def test_unreachable_redis_is_one_sentence_without_its_password(place: "Place") -> None:
    ended = place.digits("run", "--once", DIGITS_REDIS_URL="redis://:secret@127.0.0.1:1/0")
    assert_one_sentence(ended, "127.0.0.1:1")
    assert "secret" not in ended.stderr


def test_unwritable_database_is_one_sentence(place: "Place") -> None:
    (place.path / "blocked").touch()
    assert_one_sentence(place.digits("run", "--once", DIGITS_DATABASE_URL="sqlite:///blocked/results.db"), "blocked")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DIGITS_WORKERS", "many"),
        ("DIGITS_RUNTIME", "abacus"),
        ("DIGITS_WATCH", "sometimes"),
        ("DIGITS_SETTLE_SECONDS", "-1"),
        ("DIGITS_DATABASE_URL", "no url"),
    ],
)
def test_bad_setting_is_one_sentence_that_names_it(place: "Place", name: str, value: str) -> None:
    assert_one_sentence(place.digits("run", "--once", **{name: value}), value)


def assert_one_sentence(ended: object, naming: str) -> None:
    stderr, returncode = ended.stderr, ended.returncode  # type: ignore[attr-defined]
    assert returncode != 0
    assert naming in stderr
    assert stderr.startswith("digits: ")
    assert stderr.count("\n") == 1
    assert "Traceback" not in stderr
