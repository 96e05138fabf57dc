"""Show the pictures that were not read right, each beside what the network saw of it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.evaluation.labels import NO_DIGIT
from cli.evaluation.outcome import Outcome
from presentation.page import data_uri, escaped, picture
from presentation.text import percent
from recognizer.reading import Digit

#: Pictures on a page; each takes about 10 KB, and nobody looks through more.
MOST_SHOWN = 1_000
#: Labels named for each digit, the most probable ones.
_NAMED = 3


def contact_sheet(wrong: Sequence[Outcome], folder: Path) -> Iterator[str]:
    """Write a section for those that were accepted and one for the others, at most MOST_SHOWN pictures, and say so."""
    shown = wrong[:MOST_SHOWN]
    accepted = [one for one in shown if one.accepted]
    others = [one for one in shown if not one.accepted]
    if len(wrong) > len(shown):
        yield f'<p class="facts">{len(wrong):,} pictures: the first {len(shown):,} here, the JSON has all.</p>\n'
    for title, ones in (("Wrong and accepted", accepted), ("Wrong, but not accepted", others)):
        yield f"<section>\n<h2>{title} <span>{len(ones):,}</span></h2>\n"
        if not ones:
            yield '<p class="facts">None.</p>\n</section>\n'
            continue
        yield '<ul class="grid">\n'
        yield from (_card(one, folder) for one in ones)
        yield "</ul>\n</section>\n"


def _card(one: Outcome, folder: Path) -> str:
    wanted = one.wanted
    label = "no digit" if wanted.label == NO_DIGIT else wanted.label
    file, alt = os.fsencode(folder / wanted.file), f"{wanted.file}, labelled {label}, read as {one.answer or 'nothing'}"
    origin = " · ".join(part for part in (wanted.source, wanted.kind) if part)
    digits = one.reading.digits if one.reading else ()
    seen = "".join(_digit(digit, number) for number, digit in enumerate(digits, 1))
    return (
        f'<li class="card">{picture(file, name=wanted.file, alt=alt)}<div class="words">'
        f'<dl class="versus"><dt>label</dt><dd>{escaped(label)}</dd>'
        f"<dt>read</dt><dd>{escaped(one.answer) or '-'}</dd></dl>{_verdict(one)}</div>"
        f'<div class="digits">{seen}</div>'
        f'<p class="path">{escaped(wanted.file)}{origin and "<br>"}{escaped(origin)}</p></li>\n'
    )


def _verdict(one: Outcome) -> str:
    confidence = percent(one.reading.confidence) if one.reading and one.reading.digits else ""
    reason = f'<p class="reason">{escaped(one.reason)}</p>' if one.reason else ""
    return f'<p class="verdict"><span class="badge {one.verdict}">{one.verdict}</span> {confidence}</p>{reason}'


def _digit(digit: Digit, number: int) -> str:
    likeliest = sorted(range(len(digit.probabilities)), key=lambda label: -digit.probabilities[label])[:_NAMED]
    lines = "<br>".join(f"<b>{label}</b> {percent(digit.probabilities[label])}" for label in likeliest)
    image = f'<img class="tiny" alt="what the network saw of digit {number}" src="{data_uri(digit.crop)}">'
    return f"<figure>{image}<figcaption>{lines}</figcaption></figure>"
