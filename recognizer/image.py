"""Open an image file and give its grey pixels: the one gate for all callers."""

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.arrays import Gray
from recognizer.errors import HostFailed, Inaccessible, UnreadableImage
from recognizer.formats import read_header
from recognizer.header import Header
from recognizer.opencv import MAX_PIXELS, cv2
from regular_file import MAX_BYTES, NO_FILE, NoFileError, TooLongError, opened, read_to_end

#: The reason given when the file is no longer there.
VANISHED = "vanished"
#: The reason given when this user may not read it, or not enter its directory.
DENIED = "permission denied"
#: Grey level (of 255) above which ink would be lost on white.
_LIGHT = 200
#: Share of a picture's visible pixels that must be darker than _LIGHT for it to be shown on white.
_DARK_SHARE = 0.02
#: Pixels that are turned to grey at once, so that what lies between the decoder's pixels and grey takes no memory.
_BAND = 1_000_000
#: What is the file's own fault; any other error is the host's.
_REASONS = {
    errno.ENOENT: VANISHED,
    errno.ENOTDIR: VANISHED,
    errno.ELOOP: "a symbolic link; only regular files are read",
    errno.ENXIO: NO_FILE,
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
    errno.ENAMETOOLONG: "its name is too long",
}


@dataclass(frozen=True)
class Picture:
    """A decoded file: `gray` is `(h, w)` uint8, upright; `size` in bytes; `digest` the SHA-256 of the bytes in hex.

    `more` says that the file has further pages or pictures, which are not decoded.
    """

    gray: Gray
    size: int
    mtime_ns: int
    digest: str
    more: bool = False


def open_image(
    path: bytes, *, below: bytes | None = None, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Read and decode the regular file at `path`. Read-only.

    With `below`, `path` leads from that folder through no link. Raises UnreadableImage, whose text is the reason in
    plain words; it is `vanished` if there is no such file.
    """
    try:
        data, status = _read(path, below, max_bytes)
    except TooLongError as error:
        raise UnreadableImage(error.strerror) from error
    except NoFileError as error:
        raise Inaccessible(error.strerror) from error
    except OSError as error:
        if reason := _REASONS.get(error.errno or 0):
            raise Inaccessible(reason) from error
        raise HostFailed(error.strerror or str(error)) from error
    except MemoryError as error:
        raise UnreadableImage("there is not enough memory to read the file") from error
    except ValueError as error:  # a zero byte within the path
        raise Inaccessible("not a file name") from error
    digest = hashlib.sha256(data).hexdigest()
    header = _checked(data, max_pixels)
    return Picture(_decoded(data, header), len(data), status.st_mtime_ns, digest, header.more)


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Gray:
    """Decode an image file's bytes to its upright `(h, w)` uint8 grey pixels.

    Transparent pictures are laid on the ground that shows their ink; any depth becomes 8 bits. Raises UnreadableImage.
    """
    return _decoded(data, _checked(data, max_pixels))


def _checked(data: bytes, max_pixels: int) -> Header:
    """Read the header, before anything is decoded. Raises UnreadableImage if the picture is too large."""
    if not data:
        raise UnreadableImage("the file is empty")
    header = read_header(data)
    header.require_small(len(data), max_pixels=max_pixels)
    return header


def _decoded(data: bytes, header: Header) -> Gray:
    try:
        return _upright(_gray(_pixels(header.bare or data, grey=header.grey)), header)
    except MemoryError as error:
        raise UnreadableImage("there is not enough memory to decode the image") from error
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise UnreadableImage("there is not enough memory to decode the image") from error
        raise UnreadableImage("the image is damaged") from error


def _read(path: bytes, below: bytes | None, max_bytes: int) -> tuple[bytes, os.stat_result]:
    with opened(path, most=max_bytes, links=False, below=below) as (descriptor, status):
        data = read_to_end(descriptor, status.st_size)
    if len(data) != status.st_size:
        raise UnreadableImage("the file changed while it was read")
    return data, status


def _pixels(data: bytes, *, grey: bool) -> NDArray[Any]:
    buffer = np.frombuffer(data, np.uint8)
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION if grey else cv2.IMREAD_UNCHANGED
    pixels: NDArray[Any] | None = cv2.imdecode(buffer, flags)
    if pixels is None:
        raise UnreadableImage("the image is damaged or cut off")
    return pixels


def _gray(pixels: NDArray[Any]) -> Gray:
    channels = pixels.shape[2] if pixels.ndim == 3 else 1  # noqa: PLR2004 - rows, columns, channels
    if channels not in (1, 3, 4):
        raise UnreadableImage(f"images of {channels} channels are not read")
    if channels == 1 and pixels.dtype == np.uint8:
        return pixels.reshape(pixels.shape[:2])
    background = _background(pixels) if channels == 4 else None  # noqa: PLR2004 - blue, green, red, alpha
    gray = np.empty(pixels.shape[:2], np.uint8)
    for rows in _bands(pixels):
        gray[rows] = _gray_band(_eight_bits(pixels[rows]), background)
    return gray


def _bands(pixels: NDArray[Any]) -> Iterator[slice]:
    """Divide a picture into bands of rows."""
    rows = max(1, _BAND // pixels.shape[1])
    return (slice(top, top + rows) for top in range(0, len(pixels), rows))


def _eight_bits(pixels: NDArray[Any]) -> Gray:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257), np.uint8)  # 65535 / 257 is 255
    raise UnreadableImage(f"pixels of type {pixels.dtype} are not read")


def _gray_band(pixels: Gray, background: int | None) -> Gray:
    """Turn some rows to grey; transparent ones are laid on `background`, which is None where there are no such."""
    if pixels.ndim == 2 or pixels.shape[2] == 1:  # noqa: PLR2004 - rows and columns
        return pixels.reshape(pixels.shape[:2])
    gray = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY if pixels.shape[2] == 3 else cv2.COLOR_BGRA2GRAY)  # noqa: PLR2004 - likewise
    if background is None:
        return np.asarray(gray, np.uint8)
    alpha = np.ascontiguousarray(pixels[:, :, 3])
    shown = cv2.multiply(gray, alpha, scale=1 / 255)
    return np.asarray(cv2.add(shown, cv2.bitwise_not(alpha)) if background else shown, np.uint8)


def _background(pixels: NDArray[Any]) -> int | None:
    """Give the grey on which a transparent picture is seen: white, or black where white would swallow all there is.

    Gives None for a picture that is opaque throughout.
    """
    dark = visible = least = 0
    for number, rows in enumerate(_bands(pixels)):
        band = _eight_bits(pixels[rows])
        alpha = band[:, :, 3]
        least = min(least, int(alpha.min())) if number else int(alpha.min())
        seen = alpha > 127  # noqa: PLR2004 - more there than not
        visible += int(np.count_nonzero(seen))
        dark += int(np.count_nonzero(seen & (cv2.cvtColor(band, cv2.COLOR_BGRA2GRAY) < _LIGHT)))
    if least == 255:  # noqa: PLR2004 - opaque
        return None
    return 0 if dark < _DARK_SHARE * visible else 255


def _upright(gray: Gray, header: Header) -> Gray:
    """Undo the orientation that EXIF tells (JEITA CP-3451, tag 274): transposed from 5 on, then mirrored."""
    turned = gray.T if header.orientation >= 5 else gray  # noqa: PLR2004 - as the docstring says
    if header.orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if header.orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return np.ascontiguousarray(turned)
