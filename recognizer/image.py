"""Open an image file and give its grey pixels: the one gate for all callers."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Gray
from recognizer.errors import Inaccessible, UnreadableImage
from recognizer.header import Header, read_header
from recognizer.opencv import MAX_PIXELS, cv2

#: Bytes a file may have: a 48-megapixel photograph as PNG takes some 50 MB.
MAX_BYTES = 64 * 1024 * 1024
#: The reason given when the file is no longer there.
VANISHED = "vanished"
#: Grey level (of 255) above which ink would be lost on white.
_LIGHT = 200
#: Share of a picture's visible pixels that must be darker than _LIGHT for it to be shown on white.
_DARK_SHARE = 0.02
#: Not following links, not waiting for a pipe's writer, not handing the file to child processes.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_FILE = "not a regular file"
_REASONS = {
    errno.ENOENT: VANISHED,
    errno.ENOTDIR: VANISHED,
    errno.ELOOP: "a symbolic link; only regular files are read",
    errno.ENXIO: _NO_FILE,
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


@dataclass(frozen=True)
class Picture:
    """A decoded file: `gray` is `(h, w)` uint8, upright; `size` in bytes; `digest` the SHA-256 of the bytes in hex."""

    gray: Gray
    size: int
    mtime_ns: int
    digest: str


def open_image(path: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read and decode the regular file at `path`. Read-only.

    Raises UnreadableImage, whose text is the reason in plain words; it is `vanished` if there is no such file.
    """
    try:
        data, status = _read(path, max_bytes)
    except OSError as error:
        raise Inaccessible(_REASONS.get(error.errno or 0) or error.strerror or str(error)) from error
    except MemoryError as error:
        raise UnreadableImage("there is not enough memory to read the file") from error
    except ValueError as error:  # a zero byte within the path
        raise Inaccessible("not a file name") from error
    digest = hashlib.sha256(data).hexdigest()
    return Picture(decode(data, max_pixels=max_pixels), len(data), status.st_mtime_ns, digest)


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Gray:
    """Decode an image file's bytes to its upright `(h, w)` uint8 grey pixels.

    Transparent pictures are laid on the ground that shows their ink; any depth becomes 8 bits. Raises UnreadableImage.
    """
    if not data:
        raise UnreadableImage("the file is empty")
    header = read_header(data)
    if header.width * header.height > max_pixels:
        allowed = f"{max_pixels / 1e6:g} million"
        raise UnreadableImage(f"{header.width} x {header.height} pixels is more than the {allowed} allowed")
    try:
        return _upright(_gray(_pixels(data)), header)
    except MemoryError as error:
        raise UnreadableImage("there is not enough memory to decode the image") from error
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise UnreadableImage("there is not enough memory to decode the image") from error
        raise UnreadableImage("the image is damaged") from error


def _read(path: bytes, max_bytes: int) -> tuple[bytes, os.stat_result]:
    # Opening alone has effects on what is no file: it lets a pipe's waiting writer go on. A link fails to open.
    mode = os.lstat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise Inaccessible(_NO_FILE)
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Inaccessible(_NO_FILE)
        if status.st_size > max_bytes:
            raise UnreadableImage(f"{status.st_size} bytes is more than the {max_bytes} allowed")
        data = _read_to_end(descriptor, status.st_size)
    finally:
        os.close(descriptor)
    if len(data) != status.st_size:
        raise UnreadableImage("the file changed while it was read")
    return data, status


def _read_to_end(descriptor: int, size: int) -> bytes:
    """Read one byte more than `size` if the file has grown, never further."""
    data = os.read(descriptor, size + 1)
    while len(data) < size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


def _pixels(data: bytes) -> NDArray[Any]:
    buffer = np.frombuffer(data, np.uint8)
    # A JPEG has no transparency, and its decoder gives grey without the detour over colours, four inks included.
    is_jpeg = data.startswith(b"\xff\xd8")
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION if is_jpeg else cv2.IMREAD_UNCHANGED
    pixels: NDArray[Any] | None = cv2.imdecode(buffer, flags)
    if pixels is None:
        raise UnreadableImage("the image is damaged or cut off")
    return pixels


def _gray(pixels: NDArray[Any]) -> Gray:
    channels = pixels.shape[2] if pixels.ndim == 3 else 1  # noqa: PLR2004 - rows, columns, channels
    if channels not in (1, 3, 4):
        raise UnreadableImage(f"images of {channels} channels are not read")
    shallow = _eight_bits(pixels)
    if channels == 1:
        return shallow.reshape(shallow.shape[:2])
    if channels == 3:  # noqa: PLR2004 - blue, green, red
        return np.asarray(cv2.cvtColor(shallow, cv2.COLOR_BGR2GRAY), np.uint8)
    return _composite(shallow)


def _eight_bits(pixels: NDArray[Any]) -> Gray:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257), np.uint8)  # 65535 / 257 is 255
    raise UnreadableImage(f"pixels of type {pixels.dtype} are not read")


def _composite(pixels: Gray) -> Gray:
    """Lay a transparent picture on white, or on black where white would swallow all there is to see."""
    gray, alpha = cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY), np.ascontiguousarray(pixels[:, :, 3])
    if alpha.min() == 255:  # noqa: PLR2004 - opaque throughout
        return np.asarray(gray, np.uint8)
    shown = cv2.multiply(gray, alpha, scale=1 / 255)
    visible = alpha > 127  # noqa: PLR2004 - more there than not
    if np.count_nonzero(visible & (gray < _LIGHT)) < _DARK_SHARE * np.count_nonzero(visible):
        return np.asarray(shown, np.uint8)
    return np.asarray(cv2.add(shown, cv2.bitwise_not(alpha)), np.uint8)


def _upright(gray: Gray, header: Header) -> Gray:
    """Undo the orientation that EXIF tells (JEITA CP-3451, tag 274): transposed from 5 on, then mirrored."""
    turned = gray.T if header.orientation >= 5 else gray  # noqa: PLR2004 - as the docstring says
    if header.orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if header.orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return np.ascontiguousarray(turned)
