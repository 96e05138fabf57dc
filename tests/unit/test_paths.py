"""File names survive the way into the ledger and back, whatever their bytes."""

import os
from pathlib import Path

import pytest
from sqlalchemy import make_url

from db.paths import folder_path, folder_text, to_bytes, to_text

NAMES = [
    b"7.png",
    "sieben \N{GRINNING FACE} \u4e03.png".encode(),
    "u\N{COMBINING DIAERESIS}.png".encode(),
    b"\xff",
    b"\\xff",
    b"\\\xff",
    b"\\\\xff",
    b"\\",
    b"\\\\",
    b"\\n",
    b"line\nbreak\r\t",
    b"\xc3",  # half of a UTF-8 letter
    b"\xed\xa0\x80",  # a surrogate, which is no UTF-8
    b"\xf0\x9f\x98",
    b" ",
    b"'; DROP TABLE images; --",
    b"%s%00",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_as_it_was(name: bytes) -> None:
    assert to_bytes(to_text(name)) == name


def test_every_byte_comes_back_alone_and_after_a_backslash() -> None:
    for byte in range(1, 256):
        for name in (bytes([byte]), b"\\" + bytes([byte]), b"\\x" + bytes([byte]), bytes([byte]) + b"\\xff"):
            assert to_bytes(to_text(name)) == name


def test_random_names_come_back() -> None:
    for _ in range(2000):
        name = os.urandom(12)
        assert to_bytes(to_text(name)) == name


def test_no_two_names_share_a_text() -> None:
    parts = [b"\\", b"\xff", b"x", b"f", b"\xc3", b"\xbf", "\u00ff".encode()]
    names = {a + b + c + d for a in parts for b in parts for c in parts for d in parts}
    assert len({to_text(name) for name in names}) == len(names)


def test_a_plain_name_stays_as_people_know_it() -> None:
    assert to_text("Müller/7 mal 7.png".encode()) == "Müller/7 mal 7.png"


def test_a_byte_that_is_no_letter_is_written_in_hex_and_a_backslash_twice() -> None:
    assert to_text(b"a\xff") == r"a\xff"
    assert to_text(rb"a\xff") == r"a\\xff"


def test_every_text_can_be_stored_as_utf8() -> None:
    for name in NAMES:
        assert to_text(name).encode("utf-8")


HERE = make_url("sqlite:///var/results.db")
ANYWHERE = [
    "sqlite:////var/results.db",
    "sqlite:///../results.db",
    "sqlite:///var/../../results.db",
    "sqlite:///file:/var/results.db?uri=true",
    "postgresql+psycopg://host/digits",
]


@pytest.mark.parametrize("given", ["inside", b"inside", Path("inside"), "./inside/", "deep/../inside"])
def test_a_folder_and_a_ledger_inside_where_we_run_are_both_named_relatively(
    given: str | bytes | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_text(given, HERE) == "inside"
    assert folder_text(tmp_path / "inside", HERE) == "inside"
    assert folder_text("inside", make_url("sqlite:///file:var/results.db?uri=true")) == "inside"


@pytest.mark.parametrize("url", ANYWHERE)
def test_a_ledger_that_is_found_from_anywhere_has_one_name_of_a_folder_from_everywhere(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep" / "inside").mkdir(parents=True)
    names = set()
    for here, given in (("", "deep/inside"), ("deep", "inside"), ("deep/inside", "."), ("/", tmp_path / "deep/inside")):
        monkeypatch.chdir(tmp_path / here)
        names.add(folder_text(given, make_url(url)))
    assert names == {str(tmp_path / "deep" / "inside")}


@pytest.mark.parametrize("url", ANYWHERE)
def test_a_relative_folder_of_a_ledger_that_is_found_from_anywhere_can_not_be_located(url: str) -> None:
    assert folder_path("digits", make_url(url)) is None
    assert folder_path(r"/scans/\xff", make_url(url)) == b"/scans/\xff"


def test_a_relative_folder_of_a_ledger_in_the_working_directory_lies_there() -> None:
    assert folder_path(r"digits\xff", HERE) == b"digits\xff"


def test_a_ledger_that_a_link_leads_to_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    (tmp_path / "shared").mkdir()
    for project in ("one", "other"):
        (tmp_path / project / "digits").mkdir(parents=True)
        (tmp_path / project / "shared").symlink_to(tmp_path / "shared")
        monkeypatch.chdir(tmp_path / project)
        names.add(folder_text("digits", make_url("sqlite:///shared/results.db")))
    assert names == {str(tmp_path / "one" / "digits"), str(tmp_path / "other" / "digits")}


def test_the_folder_we_run_in_is_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_text(tmp_path, HERE) == "."


def test_a_folder_outside_is_named_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert folder_text("../there", HERE) == str(tmp_path / "there")


def test_a_folder_whose_name_only_begins_like_ours_is_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert folder_text(tmp_path / "here2", HERE) == str(tmp_path / "here2")


def test_a_folders_bytes_survive_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert to_bytes(folder_text(b"in\xff\\side", HERE)) == b"in\xff\\side"
