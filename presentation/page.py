"""Fill the templates of pages. A page is one file: nothing in it runs, it fetches nothing, and names stay text."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from presentation.text import printable


def render(template: str, **values: object) -> Iterator[str]:
    """Fill a template and give the page piece by piece, so that long lists may be generators.

    Every text is escaped: HTML, and what would act upon a terminal (see `printable`).
    """
    return _environment().get_template(template).generate(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("presentation"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates = files("presentation") / "templates"
    drawing, page = ((templates / name).read_text(encoding="utf-8") for name in ("drawing.css", "style.css"))
    style = drawing + page
    # The page's policy allows the style with this hash and no other (CSP level 2, `style-src`).
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals |= {"drawing": drawing, "style": style, "style_hash": style_hash}
    return environment


def _printable(value: object) -> object:
    """Make text printable before Jinja escapes it; what is HTML already stays as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
