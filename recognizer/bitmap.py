"""Read the headers of the plain bitmaps, BMP and PNM."""

import re
import struct

from recognizer.errors import UnreadableImage
from recognizer.header import Header

#: Bytes in which a PNM's header must end, its comments included.
_PNM_HEADER = 4096
#: A number of a PNM's header, after white space and comments. Possessive: it never looks back.
_PNM_FIELD = re.compile(rb"(?:\s|#[^\n]*\n)++(\d{1,9})(?=\s)")
#: PNM's kinds of one bit a pixel, which name no largest value, and of colours.
_BITS, _COLOURS = (b"P1", b"P4"), (b"P3", b"P6")
_OLD_BMP, _WITH_ALPHA = 12, 32
#: Bytes of a pixel whose colours the decoder turns round in a copy: three samples of two bytes.
_TURNED = 6


def read_bmp(data: bytes) -> Header:
    """Read the dimensions after the file header; OS/2's old header has shorter ones."""
    (size,) = struct.unpack_from("<I", data, 14)
    old = size == _OLD_BMP
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    (bits,) = struct.unpack_from("<H", data, 24 if old else 28)
    # a negative height means the rows run from the top
    return Header(width, abs(height), samples=4 if bits == _WITH_ALPHA else 3)


def read_pnm(data: bytes) -> Header:
    """Read the numbers of the header; a header with comments is written anew without them."""
    kind, head, position, fields = data[:2], data[:_PNM_HEADER], 2, []
    for _ in range(2 if kind in _BITS else 3):
        found = _PNM_FIELD.match(head, position)
        if found is None:
            raise UnreadableImage("not an image")
        fields.append(int(found[1]))
        position = found.end()
    width, height, largest = (*fields, 1)[:3]
    bare = b"%s %s" % (kind, b" ".join(b"%d" % field for field in fields)) if b"#" in head[:position] else None
    samples, sample_bytes = 3 if kind in _COLOURS else 1, 2 if largest > 255 else 1  # noqa: PLR2004 - what one byte holds
    return Header(
        width,
        height,
        samples=samples,
        sample_bytes=sample_bytes,
        copies=2 if samples * sample_bytes == _TURNED else 1,
        bare=None if bare is None else bare + data[position:],
    )
