"""Prepare pictures for a page: small, encoded anew, and within the page itself."""

import base64
from dataclasses import dataclass

import numpy as np

from recognizer.arrays import Gray
from recognizer.errors import UnreadableImage
from recognizer.image import DENIED, VANISHED, open_image
from recognizer.opencv import cv2

#: Pixels along the longer side of a picture on the page; the files themselves may be photographs.
THUMBNAIL = 128
#: Pixels along the longer side up to which a picture is shown with its pixels sharp, as it is enlarged.
TINY = 64

#: What stands in the place of a file that can't be opened, by the reason.
_MISSING = {VANISHED: "the file is gone", DENIED: "it can't be read here"}


@dataclass(frozen=True)
class Picture:
    """What `picture.html` shows: the picture at `address`, or in its place why it is `missing`. One of them is ""."""

    alt: str
    address: str = ""
    missing: str = ""
    tiny: bool = False


def picture(file: bytes, *, name: str, alt: str, below: bytes | None = None) -> Picture:
    """Make a thumbnail of an image file with `alt`; `name` stands for a file that can't be opened.

    With `below`, `file` leads from that folder through no link.
    """
    try:
        gray = open_image(file, below=below).gray
    except UnreadableImage as error:
        why = _MISSING.get(str(error), "no picture")
        return Picture(f"{name}: {why}", missing=why)
    return Picture(alt, data_address(_thumbnail(gray)), tiny=max(gray.shape) <= TINY)


def data_address(gray: Gray) -> str:
    """Encode `(h, w)` uint8 pixels as a PNG within a `data:` address."""
    return f"data:image/png;base64,{base64.b64encode(bytes(cv2.imencode('.png', gray)[1])).decode()}"


def _thumbnail(gray: Gray) -> Gray:
    """Shrink to at most THUMBNAIL pixels each way; encoded anew, nothing of the file's own bytes reaches the page."""
    scale = THUMBNAIL / max(gray.shape)
    if scale >= 1:
        return gray
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
