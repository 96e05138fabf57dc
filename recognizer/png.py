"""Walk a PNG's chunks, and leave out those that its pixels don't need."""

import struct
import zlib

from recognizer.errors import UnreadableImage
from recognizer.exif import orientation_of
from recognizer.header import MAX_PIECES, Header, too_many

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: What the pixels are made of. Others can be inflated to 8 MB each (texts, colour profiles), or hold further pictures.
_NEEDED = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
#: Samples of a pixel by colour type. A palette's are decoded to colours, and grey with transparency too.
_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 4, 6: 4}
_SIXTEEN_BITS = 16
#: The chunk that makes an animation of a PNG; it begins with the number of frames (PNG, third edition, 11.3.5).
_ANIMATION = b"acTL"
#: Bytes of decoded colours above which the decoder makes grey of them: it holds all pixels twice.
_LARGE = 100_000_000
_TRANSPARENT = 4


def read_png(data: bytes) -> Header:
    """Walk every chunk: decoders accept some files whose end is missing or whose checksums are wrong."""
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    view, spans, orientation, transparent = memoryview(data), [slice(0, len(SIGNATURE))], 1, False
    frames = 1
    for kind, chunk in _chunks(data, view):
        if kind in _NEEDED and spans[-1].stop == chunk.start:
            spans[-1] = slice(spans[-1].start, chunk.stop)
        elif kind in _NEEDED:
            spans.append(chunk)
        if kind == b"eXIf" and orientation == 1:
            orientation = orientation_of(data[chunk.start + 8 : chunk.stop - 4])
        transparent |= kind == b"tRNS"
        if kind == _ANIMATION:
            (frames,) = struct.unpack_from(">I", data, chunk.start + 8)
    samples = _TRANSPARENT if transparent else _SAMPLES.get(colour, _TRANSPARENT)
    sample_bytes = 2 if depth == _SIXTEEN_BITS else 1
    grey = samples < _TRANSPARENT and width * height * samples * sample_bytes > _LARGE
    return Header(
        width,
        height,
        orientation,
        samples=1 if grey else samples,
        sample_bytes=1 if grey else sample_bytes,
        copies=2,
        grey=grey,
        bare=b"".join(view[span] for span in spans) if len(spans) > 1 else None,
        more=frames > 1,
    )


def _chunks(data: bytes, view: memoryview) -> list[tuple[bytes, slice]]:
    """Give the kind and the place of every chunk up to IEND, after checking its checksum."""
    position, found = len(SIGNATURE), []
    for _ in range(MAX_PIECES):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(view[position + 4 : end]) != checksum:
            raise UnreadableImage("the image is damaged: a checksum is wrong")
        found.append((kind, slice(position, end + 4)))
        if kind == b"IEND":
            return found
        position = end + 4
    raise too_many("chunks")
