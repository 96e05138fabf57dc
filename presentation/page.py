"""What all pages share: a head that lets nothing run and nothing load, the style, and small pictures."""

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from presentation.text import printable
from recognizer.errors import UnreadableImage
from recognizer.image import VANISHED, Gray, open_image
from recognizer.opencv import cv2

#: Pixels along the longer side of a picture on the page; the files themselves may be photographs.
THUMBNAIL = 128
#: Pixels along the longer side up to which a picture is shown with its pixels sharp, as it is enlarged.
TINY = 64
_TEMPLATES = Path(__file__).parent / "templates"


def page_head(title: str, style: str) -> str:
    """Write everything up to the body. The policy allows `data:` pictures and one style: style.css, then `style`."""
    rules = (_TEMPLATES / "style.css").read_text(encoding="utf-8") + (_TEMPLATES / style).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(rules.encode()).digest()).decode()
    return filled("base.html", title=escape(title), style=rules, style_hash=digest)


def filled(template: str, **values: str) -> str:
    """Fill a template with values that are HTML already."""
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)


def escaped(text: str) -> str:
    """Write any text, file names above all, so that a page shows it and does nothing else with it."""
    return escape(printable(text))


def picture(file: bytes, *, name: str, alt: str) -> str:
    """Show an image file as a thumbnail with `alt`, or say in its place why there is none."""
    try:
        gray = open_image(file).gray
    except UnreadableImage as error:
        why = "the file is gone" if str(error) == VANISHED else "no picture"
        return f'<div class="picture none" role="img" aria-label="{escaped(name)}: {why}">{why}</div>'
    tiny = " tiny" if max(gray.shape) <= TINY else ""
    return f'<img class="picture{tiny}" alt="{escaped(alt)}" src="{data_uri(_thumbnail(gray))}">'


def data_uri(gray: Gray) -> str:
    """Encode `(h, w)` uint8 pixels as a PNG within a `data:` address."""
    return f"data:image/png;base64,{base64.b64encode(bytes(cv2.imencode('.png', gray)[1])).decode()}"


def _thumbnail(gray: Gray) -> Gray:
    """Shrink to at most THUMBNAIL pixels each way; encoded anew, nothing of the file's own bytes reaches the page."""
    scale = THUMBNAIL / max(gray.shape)
    if scale >= 1:
        return gray
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
