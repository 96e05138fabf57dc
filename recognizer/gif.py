"""Cut a GIF after its first picture, which is the one that is read."""

import struct

from recognizer.errors import UnreadableImage
from recognizer.header import CUT_OFF, Header, too_many

#: Blocks of at most 255 bytes before the end of the first picture: as many as fill the largest file.
_MAX_BLOCKS = 300_000
_EXTENSION, _PICTURE = 0x21, 0x2C
#: Bytes a pixel that the decoder holds beside its output: the frame and the canvas.
_HELD = 5


def read_gif(data: bytes) -> Header:
    """Walk the blocks up to the end of the first picture, which may be larger than the screen it is on."""
    width, height = struct.unpack_from("<HH", data, 6)
    position, blocks = 13 + _palette(data[10]), 0
    while data[position] == _EXTENSION:
        position, blocks = _skipped(data, position + 2, blocks)
    if data[position] != _PICTURE:
        raise UnreadableImage(CUT_OFF)
    left, top, across, down, flags = struct.unpack_from("<HHHHB", data, position + 1)
    end, blocks = _skipped(data, position + 11 + _palette(flags), blocks)
    width, height = (0, 0) if 0 in {width, height} else (max(width, left + across), max(height, top + down))
    bare = data[:end] + b";" if end + 1 < len(data) else None
    more = _has_picture(data, end, blocks)
    return Header(width, height, samples=4, working=_HELD * width * height, bare=bare, more=more)


def _has_picture(data: bytes, position: int, blocks: int) -> bool:
    """Tell whether a further picture follows, after extensions; a damaged rest has none."""
    try:
        while data[position] == _EXTENSION:
            position, blocks = _skipped(data, position + 2, blocks)
    except (IndexError, UnreadableImage):
        return False
    return position < len(data) and data[position] == _PICTURE


def _palette(flags: int) -> int:
    """Bytes of the table of colours that the flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skipped(data: bytes, position: int, blocks: int) -> tuple[int, int]:
    """Give where a chain of blocks ends, and how many blocks there were so far."""
    for counted in range(blocks, _MAX_BLOCKS):
        length = data[position]
        position += 1 + length
        if not length:
            return position, counted + 1
    raise too_many("blocks", _MAX_BLOCKS)
