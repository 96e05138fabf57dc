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


def read_header(data: bytes) -> Header:
    """Find what the header of a PNG, JPEG, BMP, GIF, TIFF, WebP or PNM picture tells.

    Raises UnreadableImage for anything else, and for a PNG or JPEG that is damaged or cut off.
    """
    parse = next((parse for begins, parse in _PARSERS if data.startswith(begins)), None)
    if parse is None:
        raise UnreadableImage("not an image")
    try:
        return parse(data)
    except (struct.error, IndexError) as error:
        raise UnreadableImage(CUT_OFF) from error
