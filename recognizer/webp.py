"""Read a WebP's first chunks."""

import struct

from recognizer.errors import UnreadableImage
from recognizer.exif import EXIF, orientation_of
from recognizer.header import MAX_PIECES, Header, too_many

#: Flags of an extended file: its pictures move, or are transparent.
_MOVES, _TRANSPARENT = 0x02, 0x10
#: Bytes a pixel that the decoder holds beside its output: of a lossless picture, and of an animation's two canvases.
_LOSSLESS, _CANVASES = 4, 12


def read_webp(data: bytes) -> Header:
    """Read the dimensions of any of the three kinds."""
    if data[8:12] != b"WEBP":  # other things come in RIFF files too, sounds for one
        raise UnreadableImage("not an image")
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        held = _CANVASES if data[20] & _MOVES else _LOSSLESS
        samples = 4 if data[20] & (_TRANSPARENT | _MOVES) else 3
        return Header(width, height, _orientation(data), samples=samples, copies=2, working=held * width * height)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return Header(width, height, samples=4, copies=2, working=_LOSSLESS * width * height)
    width, height = struct.unpack_from("<HH", data, 26)
    return Header(width & 0x3FFF, height & 0x3FFF, copies=2)


def _orientation(data: bytes) -> int:
    position = 12
    for _ in range(MAX_PIECES):
        if position + 8 > len(data):
            return 1
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == b"EXIF":
            return orientation_of(data[position + 8 : position + 8 + length].removeprefix(EXIF))
        position += 8 + length + (length & 1)
    raise too_many("chunks")
