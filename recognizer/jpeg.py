"""Walk a JPEG's segments and scans without decoding them."""

import re
import struct
from collections.abc import Iterator

from recognizer.errors import UnreadableImage
from recognizer.exif import EXIF, orientation_of
from recognizer.header import CUT_OFF, Header, too_many

#: Scans of one picture. Programs write 10 for colours and up to 20; each walks all of the picture anew.
MAX_SCANS = 100
#: Bytes of a picture in several scans: 48 million pixels have 25 MB, and twice as many bytes take over two seconds.
_MOST_PROGRESSIVE = 32_000_000
#: Segments of one file. A colour profile takes at most 255, and each scan one or two.
_MAX_SEGMENTS = 4096
#: EXIF blocks of one file. There should be one, and the decoder reads each to its end.
_MAX_EXIF = 16
#: Markers (ITU-T T.81, table B.1). All start-of-frame markers carry the dimensions; C4, C8 and CC are other things.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Baseline, extended and progressive, with Huffman codes. Browsers read no others, and arithmetic codes take too long.
_READ_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
_PROGRESSIVE, _START, _SCAN, _END, _APP1, _APP15 = 0xC2, 0xD8, 0xDA, 0xD9, 0xE1, 0xEF
#: Markers without a length: one of no meaning, restarts, and the start.
_BARE = frozenset((0x01, *range(0xD0, 0xD8), _START))
#: A marker may be preceded by any number of fill bytes.
_MARKER = re.compile(rb"\xff++[^\x00]")
#: Within a scan 0xFF is always followed by 0 or is a restart; anything else is the next marker.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
#: Bytes of a coefficient, and pixels along a block's side.
_COEFFICIENT, _BLOCK = 2, 8


def read_jpeg(data: bytes) -> Header:
    """Walk every segment up to the end, which must be there."""
    frame, orientation, scans, kept, blocks, whole = b"", 1, 0, 0, 0, False
    for marker, content in _segments(data):
        if marker in _FRAMES:
            if marker not in _READ_FRAMES:
                raise UnreadableImage("a JPEG that is neither baseline nor progressive is not read")
            frame, whole = data[content], whole or marker == _PROGRESSIVE
        elif marker == _SCAN:
            scans += 1
            whole |= scans > 1 or data[content.start] < frame[5]
        elif _APP1 <= marker <= _APP15:
            kept += content.stop - content.start
            blocks += marker == _APP1 and data[content.start + len(EXIF) : content.start + len(EXIF) + 2] in {
                b"II",
                b"MM",
            }
            if blocks > _MAX_EXIF:
                raise too_many("EXIF blocks", _MAX_EXIF)
            if marker == _APP1 and orientation == 1 and data.startswith(EXIF, content.start):
                orientation = orientation_of(data[content.start + len(EXIF) : content.stop])
    if whole and len(data) > _MOST_PROGRESSIVE:
        raise UnreadableImage(f"a progressive JPEG of {len(data)} bytes is more than the {_MOST_PROGRESSIVE} allowed")
    height, width = struct.unpack_from(">HH", frame, 1)
    working = kept + (_coefficients(frame, width, height) if whole else 0)
    # A JPEG has no transparency, and its decoder gives grey without the detour over colours, four inks included.
    return Header(width, height, orientation, samples=1, working=working, grey=True)


def _segments(data: bytes) -> Iterator[tuple[int, slice]]:
    """Give marker and content of all segments between start and end."""
    position, scans, find = 2, 0, _MARKER.match
    for _ in range(_MAX_SEGMENTS):
        found = find(data, position)
        if found is None:
            whole = position < len(data) and not scans
            raise UnreadableImage("the image is damaged: its segments do not follow each other" if whole else CUT_OFF)
        marker, position = data[found.end() - 1], found.end()
        if marker == _END:
            return
        if marker in _BARE:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
            raise UnreadableImage("the image is damaged: its segments do not follow each other")
        yield marker, slice(position + 2, position + length)
        position += length
        if marker == _SCAN:
            scans, find = scans + 1, _AFTER_SCAN.search
            if scans > MAX_SCANS:
                raise too_many("scans", MAX_SCANS)
    raise too_many("segments", _MAX_SEGMENTS)


def _coefficients(frame: bytes, width: int, height: int) -> int:
    """Bytes of all coefficients, which a decoder holds where a picture comes in several scans."""
    factors = [divmod(frame[7 + 3 * component], 16) for component in range(frame[5])]
    most_across, most_down = (max((pair[side] for pair in factors), default=1) or 1 for side in (0, 1))
    across, down = (-(-side // (_BLOCK * most)) for side, most in ((width, most_across), (height, most_down)))
    return sum(_COEFFICIENT * _BLOCK**2 * across * down * h * v for h, v in factors)
