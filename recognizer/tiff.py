"""Read the first page's directory of a TIFF, and find whether there is a second page."""

import struct

from recognizer.errors import UnreadableImage
from recognizer.exif import Directory, directory_at, first_directory
from recognizer.header import MAX_PIECES, Header, too_many
from recognizer.jpeg import MAX_SCANS

#: The tags looked at (TIFF 6.0, section 8; tiles: section 15).
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOURS = 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _ROWS, _LENGTHS = 273, 277, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS = 322, 323, 324, 325
#: What a picture of the file is for; the lowest bit marks a small copy of another one (TIFF 6.0, section 8).
_PURPOSE, _SMALL_COPY = 254, 1
#: Directories after the first that are looked at: small copies of the first page, or the second page.
_MAX_COPIES = 32
#: Compressions: JPEG as it was first described, which libtiff has to guess, and JPEG as it is used.
_OLD_JPEG, _JPEG = 6, 7
#: Colours that are plain grey.
_GREY = (0, 1)
_JPEG_SCAN = b"\xff\xda"
_ONE_BYTE, _TWO_BYTES = 8, 16
#: Samples of a pixel that the decoder gives for a TIFF of up to eight bits a sample.
_AS_COLOURS = 4


def read_tiff(data: bytes) -> Header:
    """Read the first page. Its orientation is not told: the decoder itself always turns a TIFF upright."""
    tags = first_directory(data)
    width, height, bits = tags.number(_WIDTH), tags.number(_HEIGHT), tags.number(_BITS, 1)
    samples = tags.number(_SAMPLES, 1)
    if bits > _TWO_BYTES:
        raise UnreadableImage(f"samples of {bits} bits are not read")
    if tags.number(_COMPRESSION) == _OLD_JPEG:
        raise UnreadableImage("a TIFF with JPEG of the old kind is not read")
    if tags.number(_COMPRESSION) == _JPEG:
        _require_few_scans(tags)
    across, down = tags.number(_TILE_WIDTH), tags.number(_TILE_HEIGHT)
    if across * down > width * height:
        width, height = across, down  # what the decoder would have to hold
    piece = across * down or width * min(tags.number(_ROWS, height), height)
    decoded = _decoded_samples(samples, tags.number(_COLOURS))
    sample_bytes = 1 if bits <= _ONE_BYTE else 2
    # the decoder unpacks a strip or a tile, and turns it into colours beside that; at the end it holds the pixels twice
    unpacked = piece * (samples + _AS_COLOURS if bits <= _ONE_BYTE else 2 * samples * sample_bytes)
    working = tags.values_size + max(unpacked, width * height * decoded * sample_bytes)
    return Header(width, height, samples=decoded, sample_bytes=sample_bytes, working=working, more=_has_page(tags))


def _has_page(tags: Directory) -> bool:
    """Tell whether a further page follows; small copies of a page are none."""
    for _ in range(_MAX_COPIES):
        if not tags.following:
            return False
        try:
            tags = directory_at(tags.data, tags.order, tags.following)
        except struct.error:
            return False
        if not tags.number(_PURPOSE) & _SMALL_COPY:
            return True
    return False


def _decoded_samples(samples: int, colours: int) -> int:
    if samples == 1:
        return 1 if colours in _GREY else 3
    return max(3, samples) if samples != 2 else 4  # noqa: PLR2004 - grey with transparency


def _require_few_scans(tags: Directory) -> None:
    """Raise UnreadableImage if the strips or tiles, each a JPEG of its own, have many scans more than they are."""
    offsets, lengths = (
        tags.numbers(strips, MAX_PIECES + 1) or tags.numbers(tiles, MAX_PIECES + 1)
        for strips, tiles in ((_OFFSETS, _TILE_OFFSETS), (_LENGTHS, _TILE_LENGTHS))
    )
    if len(offsets) > MAX_PIECES:
        raise too_many("strips")
    if sum(lengths) > len(tags.data):
        raise UnreadableImage("the image is damaged: its strips overlap")
    pieces = zip(offsets, lengths, strict=False)
    scans = sum(tags.data.count(_JPEG_SCAN, offset, offset + length) for offset, length in pieces)
    if scans > len(offsets) + MAX_SCANS:
        raise too_many("scans", MAX_SCANS)
