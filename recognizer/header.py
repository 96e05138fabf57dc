"""Read a picture's dimensions and orientation from its first bytes, before anything is decoded."""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from recognizer.errors import UnreadableImage

#: The TIFF tags looked at (TIFF 6.0, section 8; tiles: section 15).
_WIDTH, _HEIGHT, _ORIENTATION, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 274, 322, 323
#: TIFF field types that hold a plain number, with their `struct` letters.
_NUMBER_TYPES = {3: "H", 4: "I"}
#: JPEG's start-of-frame markers, which carry the dimensions (ITU-T T.81, table B.1; C4, C8 and CC are other things).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_APP1, _JPEG_END = 0xDA, 0xE1, b"\xff\xd9"
#: What may stand between two fields of a PNM header: white space and comments.
_PNM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_PNG = b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"

_CUT_OFF = "the image is cut off"


@dataclass(frozen=True)
class Header:
    """A picture's dimensions in pixels as stored, and which way it has to be turned (EXIF's 1 to 8; 1 is upright)."""

    width: int
    height: int
    orientation: int = 1


def read_header(data: bytes) -> Header:
    """Find the dimensions of a PNG, JPEG, BMP, GIF, TIFF, WebP or PNM picture.

    Raises UnreadableImage for anything else, and for a PNG or JPEG that is damaged or cut off.
    """
    parse = next((parse for begins, parse in _PARSERS if data.startswith(begins)), None)
    if parse is None:
        raise UnreadableImage("not an image")
    try:
        header = parse(data)
    except (struct.error, IndexError) as error:
        raise UnreadableImage(_CUT_OFF) from error
    if header.width <= 0 or header.height <= 0:
        raise UnreadableImage("the image has no pixels")
    return header


def _png(data: bytes) -> Header:
    """Walk every chunk: decoders accept some files whose end is missing or whose checksums are wrong."""
    width, height = struct.unpack_from(">II", data, 16)
    position, kind, orientation = len(_PNG), b"", 1
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(data[position + 4 : end]) != checksum:
            raise UnreadableImage("the image is damaged: a checksum is wrong")
        if kind == b"eXIf":
            orientation = _orientation(data[position + 8 : end])
        position = end + 4
    return Header(width, height, orientation)


def _jpeg(data: bytes) -> Header:
    position, marker, orientation, dimensions = 2, 0, 1, (0, 0)
    while marker != _JPEG_SCAN:
        prefix, marker = data[position], data[position + 1]
        if prefix != 0xFF:  # noqa: PLR2004 - every JPEG marker begins with this byte
            raise UnreadableImage("the image is damaged: its segments do not follow each other")
        if marker == 0xFF:  # noqa: PLR2004 - likewise; a marker may be preceded by any number of them
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            dimensions = (width, height)
        elif marker == _JPEG_APP1 and data.startswith(_EXIF, position + 4):
            orientation = _orientation(data[position + 4 + len(_EXIF) : position + 2 + length])
        position += 2 + length
    # Within a scan 0xFF is always followed by 0, so the end marker can't occur by chance.
    if data.find(_JPEG_END, position) < 0:
        raise UnreadableImage(_CUT_OFF)
    return Header(*dimensions, orientation)


def _webp(data: bytes) -> Header:
    if data[8:12] != b"WEBP":  # other things come in RIFF files too, sounds for one
        raise UnreadableImage("not an image")
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return Header(width, height, _webp_orientation(data))
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack_from("<HH", data, 26)
    return Header(width & 0x3FFF, height & 0x3FFF)


def _webp_orientation(data: bytes) -> int:
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == b"EXIF":
            return _orientation(data[position + 8 : position + 8 + length].removeprefix(_EXIF))
        position += 8 + length + (length & 1)
    return 1


def _gif(data: bytes) -> Header:
    return Header(*struct.unpack_from("<HH", data, 6))


def _pnm(data: bytes) -> Header:
    match = _PNM.match(data)
    if match is None:
        raise UnreadableImage("not an image")
    return Header(int(match[1]), int(match[2]))


def _bmp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)  # noqa: PLR2004 - OS/2's old header
    return Header(width, abs(height))  # a negative height means the rows run from the top


def _tiff(data: bytes) -> Header:
    """Read the first page. Its orientation is not told: the decoder itself always turns a TIFF upright."""
    tags = _first_directory(data)
    width, height = tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)
    if tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_HEIGHT, 0) > width * height:
        return Header(tags[_TILE_WIDTH], tags[_TILE_HEIGHT])  # what the decoder would have to hold
    return Header(width, height)


def _orientation(exif: bytes) -> int:
    """EXIF is laid out as a TIFF; a damaged one turns nothing."""
    try:
        orientation = _first_directory(exif).get(_ORIENTATION, 1)
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1  # noqa: PLR2004 - the values EXIF knows


def _first_directory(data: bytes) -> dict[int, int]:
    """Map each tag of the first directory that holds one plain number to that number."""
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, offset)
    tags: dict[int, int] = {}
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, amount = struct.unpack_from(order + "HHI", data, entry)
        if kind in _NUMBER_TYPES and amount == 1:
            (tags[tag],) = struct.unpack_from(order + _NUMBER_TYPES[kind], data, entry + 8)
    return tags


#: How each format's files begin, and what reads its header.
_PARSERS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], Header]], ...] = (
    (_PNG, _png),
    (b"\xff\xd8\xff", _jpeg),
    ((b"GIF87a", b"GIF89a"), _gif),
    (b"RIFF", _webp),
    ((b"II*\0", b"MM\0*"), _tiff),
    (b"BM", _bmp),
    (tuple(b"P%d" % kind for kind in range(1, 7)), _pnm),
)
