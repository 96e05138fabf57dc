"""What a picture's header tells of it, and how much of a picture is read at most."""

from dataclasses import dataclass

from recognizer.errors import UnreadableImage

#: Pixels along one side: JPEG and GIF can say no more.
MAX_SIDE = 65_535
#: Bytes that reading one picture may take: its file, what its decoder holds, and its pixels. With them a worker with
#: LiteRT stays below the 512 MB that its unit is given; a phone's 48-megapixel photograph takes less.
MAX_MEMORY = 256 * 1024 * 1024
#: Chunks, segments or blocks of one file. A PNG of the largest file size has 8,192 chunks as libpng writes them.
MAX_PIECES = 65_536

CUT_OFF = "the image is cut off"


@dataclass(frozen=True)
class Header:
    """A picture's dimensions in pixels as stored, and which way it has to be turned (EXIF's 1 to 8; 1 is upright).

    A pixel is decoded to `samples` of `sample_bytes` each, which the decoder holds `copies` times, and `working` bytes
    beside them. `grey` says that the decoder itself makes grey of colours. `bare` is the file without what its pixels
    don't need, where there is such; only that is given to the decoder. `more` says that further pages follow the first.
    """

    width: int
    height: int
    orientation: int = 1
    samples: int = 3
    sample_bytes: int = 1
    copies: int = 1
    working: int = 0
    grey: bool = False
    bare: bytes | None = None
    more: bool = False

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return self.width * self.height

    def memory(self, file_size: int) -> int:
        """Bytes that reading it takes at most: the file, and the decoder, the grey made of colours, or that turned."""
        decoded = self.pixels * self.samples * self.sample_bytes
        held = max(self.copies * decoded + self.working, decoded + self.pixels)
        return file_size + len(self.bare or b"") + held

    def require_small(self, file_size: int, *, max_pixels: int) -> None:
        """Raise UnreadableImage if it has no pixels, or more of anything than is read."""
        if self.width <= 0 or self.height <= 0:
            raise UnreadableImage("the image has no pixels")
        if self.pixels > max_pixels:
            allowed = f"{max_pixels / 1e6:g} million"
            raise UnreadableImage(f"{self.width} x {self.height} pixels is more than the {allowed} allowed")
        if max(self.width, self.height) > MAX_SIDE:
            raise UnreadableImage(
                f"a side of {max(self.width, self.height)} pixels is more than the {MAX_SIDE} allowed"
            )
        if (needed := self.memory(file_size)) > MAX_MEMORY:
            allowed = f"{MAX_MEMORY / 1e6:.0f} MB"
            raise UnreadableImage(f"decoding it takes {needed / 1e6:.0f} MB of memory, more than the {allowed} allowed")


def too_many(what: str, most: int = MAX_PIECES) -> UnreadableImage:
    """Say that a file has more pieces of a kind than are looked at."""
    return UnreadableImage(f"the image has more than {most} {what}")
