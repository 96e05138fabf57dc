"""Read a directory of tags, as TIFF and EXIF have them (TIFF 6.0, section 2)."""

import struct
from dataclasses import dataclass

EXIF = b"Exif\0\0"
_ORIENTATION = 274
#: Bytes of a value by field type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
#: Field types that hold plain numbers, with their `struct` letters.
_NUMBERS = {3: "H", 4: "I"}
#: Bytes of values that stand in the entry itself.
_INLINE = 4


@dataclass(frozen=True)
class Directory:
    """A directory: the entries' type, number of values and position of the first, by tag.

    `following` is the place of the next directory in the file; 0 if there is none.
    """

    data: bytes
    order: str
    entries: dict[int, tuple[int, int, int]]
    following: int

    def number(self, tag: int, default: int = 0) -> int:
        """Give the first value of a tag that holds plain numbers."""
        return (self.numbers(tag, 1) or (default,))[0]

    def numbers(self, tag: int, most: int) -> tuple[int, ...]:
        """Give up to `most` values of a tag; none if it holds no plain numbers. Raises struct.error if they are cut."""
        kind, amount, position = self.entries.get(tag, (0, 0, 0))
        if kind not in _NUMBERS:
            return ()
        return struct.unpack_from(f"{self.order}{min(amount, most)}{_NUMBERS[kind]}", self.data, position)

    @property
    def values_size(self) -> int:
        """Bytes that all values take, which a decoder may keep."""
        return sum(amount * _SIZES.get(kind, 1) for kind, amount, _ in self.entries.values())


def first_directory(data: bytes) -> Directory:
    """Find the first directory of a TIFF or of an EXIF block; raises struct.error if it is cut off."""
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    return directory_at(data, order, offset)


def directory_at(data: bytes, order: str, offset: int) -> Directory:
    """Read the directory at a place in the file; raises struct.error if it is cut off."""
    (count,) = struct.unpack_from(order + "H", data, offset)
    entries: dict[int, tuple[int, int, int]] = {}
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, amount, place = struct.unpack_from(order + "HHII", data, entry)
        inline = amount * _SIZES.get(kind, 1) <= _INLINE
        entries[tag] = (kind, amount, entry + 8 if inline else place)
    following = data[offset + 2 + 12 * count :][:4]
    return Directory(data, order, entries, int.from_bytes(following, "little" if order == "<" else "big"))


def orientation_of(exif: bytes) -> int:
    """Give EXIF's orientation, 1 to 8; a damaged block turns nothing."""
    try:
        orientation = first_directory(exif).number(_ORIENTATION, 1)
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1  # noqa: PLR2004 - the values EXIF knows
