"""What a person said outlives everything but other content of the file."""

import csv
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.place import Place

Draw = Callable[[Path, str], Path]
Eventually = Callable[[Callable[[], object], float], None]


def shown(place: Place) -> dict[str, tuple[str, str, str]]:
    out = place.digits("results", "--format", "csv").stdout
    return {row["path"]: (row["reading"], row["status"], row["source"]) for row in csv.DictReader(io.StringIO(out))}


def test_a_persons_answer_outlives_retry_rename_touch_and_kill_and_ends_with_the_content(
    place: Place, draw: Draw, eventually: Eventually
) -> None:
    picture = draw(place.inbox / "a.png", "7")
    place.digits("run", "--once")
    (machine,) = shown(place).values()
    said = place.digits("correct", "a.png", "1", "--by", "anna")
    assert (said.returncode, said.stdout) == (0, "a.png: 1, says anna.\n")
    persons = ("1", "accepted", "person")
    place.digits("retry", "a.png")
    assert shown(place) == {"a.png": persons}

    renamed = picture.rename(place.inbox / "b.png")
    running = place.start("run")
    eventually(lambda: shown(place) == {"b.png": persons}, 60)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    os.utime(renamed, (1, 1))
    assert place.digits("run", "--once").returncode == 0
    assert shown(place) == {"b.png": persons}

    draw(renamed, "44")
    assert place.digits("run", "--once").returncode == 0
    assert shown(place)["b.png"][2] == "machine"
    draw(renamed, "7")
    place.digits("run", "--once")
    assert shown(place) == {"b.png": persons}
    place.digits("correct", "b.png", "--undo")
    assert shown(place) == {"b.png": machine}
    assert "the balance closes" in place.digits("status").stdout


def test_a_persons_answer_goes_with_a_file_that_takes_or_swaps_names(place: Place, draw: Draw) -> None:
    one, two = draw(place.inbox / "1.png", "7"), draw(place.inbox / "2.png", "44")
    place.digits("run", "--once")
    place.digits("correct", "1.png", "111", "--by", "anna")
    place.digits("correct", "2.png", "222", "--by", "anna")
    aside = one.rename(place.inbox / "aside")
    two.rename(one)
    aside.rename(two)
    assert place.digits("run", "--once").returncode == 0
    assert shown(place) == {"1.png": ("222", "accepted", "person"), "2.png": ("111", "accepted", "person")}

    two.rename(one)
    place.digits("run", "--once")
    assert shown(place)["1.png"] == ("111", "accepted", "person")
    place.digits("correct", "1.png", "333", "--by", "anna")
    one.rename(two)
    place.digits("run", "--once")
    assert shown(place)["2.png"] == ("333", "accepted", "person")
