"""Draw the README's picture, a terminal above a report: `python -m bench.picture docs/digits.svg`.

Both are real: `digits run --once` reads some of the samples, and `digits report` writes their page. The picture is one
SVG file that loads nothing from elsewhere. It takes a browser to show it, as a part of it is the page itself.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
SAMPLES = (
    "five-phone-photo.jpg", "nine-chalk.png", "no-digit-star.png", "number-0472.png", "number-1985-photo.jpg",
    "six-green-on-yellow-note.png", "two-pencil.png",
)  # fmt: skip
#: Columns of the terminal.
_COLUMNS = 80
#: Height of the page's visible part, in pixels: the samples without a digit, and the first of the others.
_PAGE_HEIGHT = 684
#: Pixels between the terminal and the page.
_GAP = 16
#: What a terminal is sent to clear the line of the progress bar.
_CLEAR_LINE = "\x1b[2K"
#: Elements of a page's body that have no end tag, which XML wants closed.
_VOID = ("img", "input")
#: What XML wants to be told at the start of a drawing within a page.
_DRAWING = {"svg": ' xmlns="http://www.w3.org/2000/svg"'}


class _Xml(HTMLParser):
    """Writes a page as XML, as pictures are XML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write an opening tag; an attribute without a value gets an empty one."""
        written = "".join(f" {name}={quoteattr(value or '')}" for name, value in attrs)
        self.parts.append(f"<{tag}{_DRAWING.get(tag, '')}{written}{'/' if tag in _VOID else ''}>")

    def handle_endtag(self, tag: str) -> None:
        """Write a closing tag."""
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Write text."""
        self.parts.append(escape(data))


def draw() -> str:
    """Read the samples in a folder of their own, and give the picture as an SVG document."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "digits").mkdir()
        for sample in SAMPLES:
            shutil.copy(ROOT / "digits" / sample, place / "digits")
        table = _digits(place, "run", "--once").rpartition(_CLEAR_LINE)[2]
        _digits(place, "report", "report.html")
        return _picture(_terminal(table), (place / "report.html").read_text(encoding="utf-8"))


def _digits(place: Path, *arguments: str) -> str:
    """Run a command with the environment's settings, and give what it writes to a terminal."""
    ours = {"PYTHONPATH": str(ROOT)}
    terminal = {"FORCE_COLOR": "1", "COLUMNS": str(_COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-P", "-m", "cli.main", *arguments]
    return subprocess.run(
        command, cwd=place, env=os.environ | ours | terminal, stdout=subprocess.PIPE, encoding="utf-8", check=True
    ).stdout


def _terminal(text: str) -> str:
    """Draw what a terminal shows, in the system's own fonts."""
    console = Console(file=io.StringIO(), record=True, width=_COLUMNS)
    console.print(Text.from_ansi(text))
    return re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="digits run --once"), flags=re.DOTALL)


def _picture(terminal: str, page: str) -> str:
    """Put the terminal above the page."""
    width, height = re.findall(r'viewBox="0 0 (\S+) (\S+)"', terminal)[0]
    style, body = re.findall(r"<(?:style|body)>.*</(?:style|body)>", page, re.DOTALL)[0].split("</head>")
    top = float(height) + _GAP
    upper = terminal.replace("<svg ", f'<svg height="{height}" ', 1)
    lower = "".join(_Xml(body).parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + _PAGE_HEIGHT}">\n{style}\n{upper}\n'
        f'<foreignObject y="{top}" width="{width}" height="{_PAGE_HEIGHT}">\n'
        f'<div xmlns="http://www.w3.org/1999/xhtml">{lower}</div>\n</foreignObject>\n</svg>\n'
    )


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the SVG file to write")
    parser.parse_args().out.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
