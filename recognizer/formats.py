"""Tell a picture's format by its first bytes, and read its header before anything is decoded."""

import struct
from collections.abc import Callable

from recognizer.bitmap import read_bmp, read_pnm
from recognizer.errors import UnreadableImage
from recognizer.gif import read_gif
from recognizer.header import CUT_OFF, Header
from recognizer.jpeg import read_jpeg
from recognizer.png import SIGNATURE, read_png
from recognizer.tiff import read_tiff
from recognizer.webp import read_webp

#: How each format's files begin, and what reads its header, in time that grows with the file and no faster.
_PARSERS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], Header]], ...] = (
    (SIGNATURE, read_png),
    (b"\xff\xd8\xff", read_jpeg),
    ((b"GIF87a", b"GIF89a"), read_gif),
    (b"RIFF", read_webp),
    ((b"II*\0", b"MM\0*"), read_tiff),
    (b"BM", read_bmp),
    (tuple(b"P%d" % kind for kind in range(1, 7)), read_pnm),
)


#: How formats begin that are not read yet, where in the file, and what they are called.
_UNREAD: tuple[tuple[int, bytes | tuple[bytes, ...], str], ...] = (
    (0, b"%PDF-", "a PDF"),
    (4, (b"ftypavif", b"ftypavis"), "an AVIF picture"),
    (4, (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"), "a HEIC picture"),
    (0, (b"\xff\x0a", b"\0\0\0\x0cJXL "), "a JPEG XL picture"),
    (0, (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "), "a JPEG 2000 picture"),
    (0, (b"II+\0", b"MM\0+"), "a BigTIFF"),
    (0, b"8BPS", "a Photoshop document"),
)


def read_header(data: bytes) -> Header:
    """Find what the header of a PNG, JPEG, BMP, GIF, TIFF, WebP or PNM picture tells.

    Raises UnreadableImage for anything else, and for a PNG or JPEG that is damaged or cut off.
    """
    parse = next((parse for begins, parse in _PARSERS if data.startswith(begins)), None)
    if parse is None:
        raise UnreadableImage(_why_unread(data))
    try:
        return parse(data)
    except (struct.error, IndexError) as error:
        raise UnreadableImage(CUT_OFF) from error


def _why_unread(data: bytes) -> str:
    name = next((name for start, begins, name in _UNREAD if data.startswith(begins, start)), None)
    if name is None:
        return "not an image"
    return f"{name} is not read: save {'its pages' if name == 'a PDF' else 'it'} as PNG or JPEG"
