"""Which files are opened, and why others are not."""

import errno
import hashlib
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from recognizer import image
from recognizer.errors import HostFailed, Inaccessible, UnreadableImage
from recognizer.image import open_image
from regular_file import MAX_BYTES
from tests.unit.encoded import GRAY, animation, encoded, gif, tiff_pages, webp_with_exif, with_small_copy


def reason(path: Path, below: Path | None = None) -> str:
    with pytest.raises(UnreadableImage) as caught:
        open_image(os.fsencode(path), below=None if below is None else os.fsencode(below))
    return str(caught.value)


def test_picture_tells_pixels_size_time_and_digest(tmp_path: Path) -> None:
    path, data = tmp_path / "seven.png", encoded(".png")
    path.write_bytes(data)
    os.utime(path, ns=(5, 1_234_567_890_123_456_789))
    picture = open_image(os.fsencode(path))
    assert np.abs(picture.gray.astype(int) - GRAY).mean() < 5  # animations are written with losses
    assert picture.gray.dtype == np.uint8
    assert (picture.size, picture.mtime_ns) == (len(data), 1_234_567_890_123_456_789)
    assert picture.digest == hashlib.sha256(data).hexdigest()


def test_a_name_that_is_not_utf8_is_opened(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe 7.png"
    with open(path, "wb") as file:  # pathlib knows no bytes
        file.write(encoded(".png"))
    assert np.array_equal(open_image(path).gray, GRAY)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert reason(tmp_path / "empty.png") == "the file is empty"


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    path.touch()
    os.truncate(path, 2**40)  # a hole: nothing has so much memory that it could be read
    assert reason(path) == f"{2**40} bytes is more than the {MAX_BYTES} allowed"
    path.write_bytes(encoded(".png"))
    with pytest.raises(UnreadableImage, match="bytes is more than the 50 allowed"):
        open_image(os.fsencode(path), max_bytes=50)


def test_a_vanished_file_is_told_apart(tmp_path: Path) -> None:
    assert reason(tmp_path / "gone.png") == image.VANISHED == "vanished"
    (tmp_path / "file").touch()
    assert reason(tmp_path / "file" / "gone.png") == "vanished"


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETIMEDOUT])
def test_an_error_of_the_host_is_told_from_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "7.png").write_bytes(encoded(".png"))

    def fail(*_: object) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(image, "read_to_end", fail)
    with pytest.raises(HostFailed, match=os.strerror(number)):
        open_image(os.fsencode(tmp_path / "7.png"))


def test_a_name_that_no_system_holds_is_a_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(Inaccessible, match="its name is too long"):
        open_image(os.fsencode(tmp_path / ("7" * 300)))


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "seven.png").write_bytes(encoded(".png"))
    (tmp_path / "link.png").symlink_to(tmp_path / "seven.png")
    assert reason(tmp_path / "link.png") == "a symbolic link; only regular files are read"


def test_no_link_is_followed_below_a_folder_at_any_depth(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (outside / "b").mkdir(parents=True)
    (outside / "b" / "7.png").write_bytes(encoded(".png"))
    (folder / "a").mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    (folder / "a" / "b").symlink_to(outside / "b")
    (folder / "a" / "7.png").symlink_to(outside / "b" / "7.png")
    for path in ("link/b/7.png", "a/b/7.png"):
        assert reason(Path(path), folder) == "below a symbolic link; links are not followed"
    assert reason(Path("a/7.png"), folder) == "a symbolic link; only regular files are read"


@pytest.mark.parametrize("path", ["../7.png", "a/../../7.png", "/etc/passwd", "a//7.png", "./7.png"])
def test_no_path_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder" / "a").mkdir(parents=True)
    (tmp_path / "7.png").write_bytes(encoded(".png"))
    with pytest.raises(UnreadableImage, match="not a regular file"):
        open_image(path.encode(), below=os.fsencode(tmp_path / "folder"))


def test_a_file_below_a_folder_is_opened_however_long_its_path_is(tmp_path: Path) -> None:
    names = ["d" * 200] * 25
    place = os.open(tmp_path, os.O_RDONLY)
    for name in names:
        os.mkdir(name, dir_fd=place)
        inner = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    with open(os.open("7.png", os.O_CREAT | os.O_WRONLY, dir_fd=place), "wb") as file:  # pathlib takes no descriptor
        file.write(encoded(".png"))
    os.close(place)
    found = open_image(os.fsencode("/".join([*names, "7.png"])), below=os.fsencode(tmp_path))
    assert np.array_equal(found.gray, GRAY)


def test_a_folder_or_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert reason(Path("7.png"), tmp_path / "gone") == "vanished"
    assert reason(Path("gone/7.png"), tmp_path) == reason(Path("file/7.png"), tmp_path) == "vanished"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path) == "not a regular file"


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(tmp_path / "pipe.png") == "not a regular file"


def test_what_is_no_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(os, "open", None)  # would let a writer who waits at the pipe go on
    assert reason(tmp_path / "pipe.png") == reason(tmp_path) == "not a regular file"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        assert reason(Path("socket.png")) == "not a regular file"


def test_denied_permission_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)  # the one who runs the tests may be allowed everything
    assert reason(Path(__file__)) == "permission denied"


def test_any_other_failure_is_told_in_the_system_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    assert reason(Path(__file__)) == "Input/output error"


def test_a_zero_byte_in_a_path_is_refused() -> None:
    assert reason(Path("a\0b.png")) == "not a file name"


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growing.png"
    path.write_bytes(encoded(".png"))
    status = os.fstat

    def grow(descriptor: int) -> os.stat_result:
        before = status(descriptor)
        with path.open("ab") as file:
            file.write(b"more")
        return before

    monkeypatch.setattr(os, "fstat", grow)
    assert reason(path) == "the file changed while it was read"


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    for _ in range(3):
        reason(tmp_path)
    (tmp_path / "a").mkdir()
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        reason(tmp_path)
        reason(Path("a/gone.png"), tmp_path)
        reason(Path("gone/7.png"), tmp_path)
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize(
    ("data", "more"),
    [
        pytest.param(animation(".gif", GRAY), True, id="GIF animation"),
        pytest.param(animation(".png", GRAY), True, id="PNG animation"),
        pytest.param(animation(".webp", GRAY), True, id="WebP animation"),
        pytest.param(tiff_pages(GRAY, GRAY), True, id="TIFF of two pages"),
        pytest.param(tiff_pages(GRAY), False, id="TIFF of one page"),
        pytest.param(with_small_copy(tiff_pages(GRAY, GRAY)), False, id="TIFF with a small copy of its page"),
        pytest.param(tiff_pages(GRAY)[:-4] + b"\xff\xff\0\0", False, id="TIFF whose next page lies outside"),
        pytest.param(gif(GRAY), False, id="GIF"),
        pytest.param(gif(GRAY)[:-1] + b"!\xfe\xff", False, id="GIF with a damaged end"),
        pytest.param(encoded(".png"), False, id="PNG"),
        pytest.param(webp_with_exif(GRAY, 1), False, id="WebP"),
    ],
)
def test_a_picture_tells_whether_more_pages_follow(tmp_path: Path, data: bytes, *, more: bool) -> None:
    (tmp_path / "pages").write_bytes(data)
    picture = open_image(bytes(tmp_path / "pages"))
    assert picture.more is more
    assert np.abs(picture.gray.astype(int) - GRAY).mean() < 5  # animations are written with losses
