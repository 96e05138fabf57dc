"""Read a WebP's chunks."""

import struct
from collections.abc import Iterator

from recognizer.errors import UnreadableImage
from recognizer.exif import EXIF, orientation_of
from recognizer.header import MAX_PIECES, Header, too_many

#: Flags of an extended file: its pictures move, or are transparent.
_MOVES, _TRANSPARENT = 0x02, 0x10
#: Bytes a pixel that the decoder holds beside its output: of a lossless picture, and of an animation's two canvases.
_LOSSLESS, _CANVASES = 4, 12
#: A chunk that holds one picture of an animation.
_FRAME = b"ANMF"


def read_webp(data: bytes) -> Header:
    """Read the dimensions of any of the three kinds."""
    if data[8:12] != b"WEBP":  # other things come in RIFF files too, sounds for one
        raise UnreadableImage("not an image")
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        held = _CANVASES if data[20] & _MOVES else _LOSSLESS
        samples = 4 if data[20] & (_TRANSPARENT | _MOVES) else 3
        orientation, frames = 1, 0
        for name, start, end in _chunks(data):
            frames += name == _FRAME
            if name == b"EXIF":
                orientation = orientation_of(data[start:end].removeprefix(EXIF))
        working, more = held * width * height, frames > 1
        return Header(width, height, orientation, samples=samples, copies=2, working=working, more=more)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return Header(width, height, samples=4, copies=2, working=_LOSSLESS * width * height)
    width, height = struct.unpack_from("<HH", data, 26)
    return Header(width & 0x3FFF, height & 0x3FFF, copies=2)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Give the name, the start and the end of the content of each chunk."""
    position = 12
    for _ in range(MAX_PIECES):
        if position + 8 > len(data):
            return
        name, length = struct.unpack_from("<4sI", data, position)
        yield name, position + 8, position + 8 + length
        position += 8 + length + (length & 1)
    raise too_many("chunks")
