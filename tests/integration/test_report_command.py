"""What `digits report` makes of a real ledger and real files."""

import base64
import hashlib
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.errors import CommandFailed
from cli.report import write_report
from db import intake, paths
from db.engine import Database
from recognizer.image import decode
from settings import Settings
from tests.closed import closed
from tests.filled import NASTY, ROWS
from tests.page import Page

Capture = pytest.CaptureFixture[str]
Draw = Callable[[Path, str], Path]


@pytest.fixture
def page(filled: Settings, draw: Draw, tmp_path: Path) -> Page:
    """Write the report of a folder that holds some of the ledger's files."""
    draw(Path("digits/phone.png"), "0472")
    draw(Path("digits/seven.png"), "7")
    os.rename(draw(Path("digits/nasty.png"), "4"), b"digits/" + paths.to_bytes(NASTY))
    Path("digits/notes.png").write_bytes(b"the file's own bytes <script>")
    write_report(filled, tmp_path / "out.html")
    return Page((tmp_path / "out.html").read_text(encoding="utf-8"))


def test_the_report_shows_every_file_and_its_reading(page: Page) -> None:
    assert len(page.all("li")) == len(ROWS)
    for path, reading, _, _, reason in ROWS:
        assert path == NASTY or path in page.words
        assert (reading or "") in page.words
        assert (reason or "") in page.words
    assert "10 files seen = 2 review + 1 failed + 1 rejected + 5 accepted + 1 queued" in page.words


def test_the_report_shows_signs_where_a_number_has_some(signed: Settings, tmp_path: Path) -> None:
    write_report(signed, tmp_path / "out.html")
    page = Page((tmp_path / "out.html").read_text(encoding="utf-8"))
    assert "125written 12.599.0%" in page.words
    assert len([tag for tag in page.all("p") if tag.get("class") == "written"]) == 1


def test_the_report_carries_new_small_pictures_and_placeholders(page: Page) -> None:
    pictures = page.all("img")
    assert {picture["alt"] for picture in pictures} >= {"phone.png, read as 0472", "seven.png, read as 7"}
    for picture in pictures:
        kind, data = (picture["src"] or "").split(",")
        assert kind == "data:image/png;base64"
        assert max(decode(base64.b64decode(data)).shape) <= 128
    assert len(pictures) == 3
    assert sum(tag.get("role") == "img" for tag in page.all("div")) == len(ROWS) - 3


def test_the_report_can_run_and_load_nothing(page: Page, tmp_path: Path) -> None:
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form", "a"} == set()
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    (policy,) = [meta["content"] or "" for meta in page.all("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    written = (tmp_path / "out.html").read_text(encoding="utf-8")
    style = written.split("<style>")[1].split("</style>")[0]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "http://" not in written
    assert "https://" not in written


def test_a_file_name_in_the_report_is_only_text(page: Page, tmp_path: Path) -> None:
    written = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<img src=x" not in written
    assert "\u202e" not in written
    assert r"<img src=x onerror=alert(1)>\n\x1b[31m\u202e.png" in page.words


@pytest.mark.parametrize("name", ["<script>alert(1)<.png", "\" onerror='alert(1)'.png", "{{ 7 * 7 }}&lt;.png"])
def test_a_hostile_file_name_stays_text_in_every_place_of_the_report(
    settings: Settings, sqlite_database: Database, draw: Draw, name: str
) -> None:
    os.rename(draw(Path("digits/one.png"), "1"), Path("digits") / name)
    intake.register(sqlite_database, "digits", [intake.SeenFile(name, 1, 1), intake.SeenFile(f"gone {name}", 1, 2)])
    write_report(settings, Path("out.html"))
    page = Page(Path("out.html").read_text(encoding="utf-8"))
    (image,) = page.all("img")
    (missing,) = [tag for tag in page.all("div") if tag.get("role") == "img"]
    assert (set(image), image["alt"]) == ({"class", "alt", "src"}, name)
    assert (set(missing), missing["aria-label"]) == ({"class", "role", "aria-label"}, f"gone {name}: the file is gone")
    assert page.words.count(name) == 2
    assert not page.all("script")


def test_a_picture_that_this_user_may_not_read_is_not_called_gone(
    settings: Settings, sqlite_database: Database, draw: Draw
) -> None:
    draw(Path("digits/one.png"), "1")
    intake.register(sqlite_database, "digits", [intake.SeenFile("one.png", 1, 1)])
    with closed(Path("digits")):
        write_report(settings, Path("out.html"))
    page = Page(Path("out.html").read_text(encoding="utf-8"))
    (missing,) = [tag for tag in page.all("div") if tag.get("role") == "img"]
    assert missing["aria-label"] == "one.png: it can't be read here"


def test_the_report_opens_names_that_are_no_text(settings: Settings, sqlite_database: Database, draw: Draw) -> None:
    name = b"latin1-\xff.png"
    os.rename(draw(Path("digits/one.png"), "1"), b"digits/" + name)
    intake.register(sqlite_database, "digits", [intake.SeenFile(paths.to_text(name), 1, 1)])
    write_report(settings, Path("out.html"))
    assert len(Page(Path("out.html").read_text(encoding="utf-8")).all("img")) == 1


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_report_is_replaced_only_when_it_is_whole(filled: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    out.write_text("the old one")
    with largest_file(4096), pytest.raises(CommandFailed, match="can't be written: File too large"):
        write_report(filled, out)
    assert out.read_text() == "the old one"
    write_report(filled, out)
    assert "seven.png" in out.read_text(encoding="utf-8")
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~_umask()
    assert not list(tmp_path.glob(".digits-*"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_report_that_cannot_be_written_is_one_sentence(filled: Settings, tmp_path: Path) -> None:
    for out, why in (
        (tmp_path, "not a file that can be replaced"),
        (tmp_path / "nowhere/out.html", "can't be written"),
    ):
        with pytest.raises(CommandFailed, match=why) as caught:
            write_report(filled, out)
        assert str(caught.value).isprintable()


def test_an_empty_ledger_has_a_report_too(settings: Settings, capsys: Capture) -> None:
    write_report(settings, Path("out.html"))
    assert "No files seen yet" in Path("out.html").read_text(encoding="utf-8")
    assert "0 images" in capsys.readouterr().out
