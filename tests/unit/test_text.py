"""What people see of names, numbers and times."""

import io
import time

import pytest
from rich.cells import cell_len

from presentation.text import (
    duration,
    iso_utc,
    local_time,
    padded,
    percent,
    plural,
    printable,
    shortened,
    tolerant,
    written_words,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", r"two\nlines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("\u2066isolated\u2069", r"\u2066isolated\u2069"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("line\u2028separator", r"line\u2028separator"),
        ("half\udcff", r"half\udcff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_a_terminal_would_act_upon_is_shown_instead(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "name", ["größe ½.png", "数字　八.png", "5️⃣ 👩‍🔬.png", "Screenshot 4.05\u202fPM.png", r"back\\slash.png"]
)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert printable(name) == name


def test_a_percentage_never_claims_more_than_is_known() -> None:
    assert [percent(share) for share in (0.9999, 1.0, 0.0, 0.29, None)] == ["99.9%", "100.0%", "0.0%", "29.0%", ""]
    assert percent(0.9955, 2) == "99.55%"


@pytest.mark.parametrize("text", ["2026/scans/IMG_20261122.png", "数字の八数字の八数字の八.png", "x" * 300])
@pytest.mark.parametrize("width", [8, 13, 20])
def test_a_shortened_path_fits_and_keeps_both_ends(text: str, width: int) -> None:
    short = shortened(text, width)
    assert width - 2 <= cell_len(short) <= width
    head, tail = short.split("…")
    assert head
    assert tail
    assert text.startswith(head)
    assert text.endswith(tail)


def test_a_short_path_is_not_touched() -> None:
    assert shortened("seven.png", 9) == "seven.png"


def test_padding_counts_wide_characters_twice() -> None:
    assert padded("八", 4) == "八  "
    assert padded("too long", 4) == "too long"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3600, "1 s"),
        (0, "1 s"),
        (45.4, "45 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7_200, "2 h"),
        (187_300, "2 d 4 h"),
        (86_405, "1 d"),
    ],
)
def test_a_duration_names_its_two_largest_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_duration_leaves_out_what_is_too_small_to_matter() -> None:
    assert duration(86_405) == "1 d"


def test_numbers_and_nouns_agree() -> None:
    assert [plural(count, "file") for count in (0, 1, 12_345)] == ["0 files", "1 file", "12,345 files"]


def test_times_are_written_in_local_time_and_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert local_time(1_795_363_445_123) == "2026-11-23 01:04:05"
        assert iso_utc(1_795_363_445_123) == "2026-11-22T16:04:05.123Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_stream_escapes_what_its_encoding_lacks() -> None:
    raw = io.BytesIO()
    stream = tolerant(io.TextIOWrapper(raw, encoding="ascii"))
    stream.write("größe")
    stream.flush()
    assert raw.getvalue() == rb"gr\xf6\xdfe"


@pytest.mark.parametrize(
    ("reading", "written", "words"),
    [
        ("125", "12.5", "written 12.5"),
        ("1234", "12 34", "written 12 34"),
        ("125", "125", ""),
        ("125", None, ""),
        (None, None, ""),
        ("", "", ""),
        ("125", "12.5\x1b[2J", r"written 12.5\x1b[2J"),
    ],
)
def test_what_is_written_is_told_only_where_it_differs_from_the_digits(
    reading: str | None, written: str | None, words: str
) -> None:
    assert written_words(reading, written) == words
