"""Show the pictures that were not read right, each beside what the network saw of it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.labels import NO_DIGIT
from evaluation.outcome import Outcome
from presentation.picture import Picture, data_address, picture
from presentation.text import percent
from recognizer.reading import Digit

#: Pictures on a page; each takes about 10 KB, and nobody looks through more.
MOST_SHOWN = 1_000
#: Labels named for each digit, the most probable ones.
_NAMED = 3


@dataclass(frozen=True)
class SeenDigit:
    """What the network saw of a digit, and the likeliest labels, each with its probability in words."""

    address: str
    likeliest: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Entry:
    """One picture that was not read right, as `evaluation.html` shows it; "" for what there is not."""

    file: str
    origin: str
    picture: Picture
    label: str
    answer: str
    verdict: str
    confidence: str
    reason: str
    digits: tuple[SeenDigit, ...]


@dataclass(frozen=True)
class Section:
    """Pictures with something in common; each is opened when its entry is asked for."""

    title: str
    pictures: int
    entries: Iterator[Entry]


@dataclass(frozen=True)
class ContactSheet:
    """How many pictures there are, how many of them are shown, and these."""

    pictures: int
    shown: int
    sections: tuple[Section, ...]


def contact_sheet(wrong: Sequence[Outcome], folder: Path) -> ContactSheet:
    """Show at most MOST_SHOWN pictures: those that were accepted, then the others."""
    shown = wrong[:MOST_SHOWN]
    accepted = [one for one in shown if one.accepted]
    others = [one for one in shown if not one.accepted]
    sections = (
        _section("Wrong and accepted", accepted, folder),
        _section("Wrong, but not accepted", others, folder),
    )
    return ContactSheet(len(wrong), len(shown), sections)


def _section(title: str, ones: Sequence[Outcome], folder: Path) -> Section:
    return Section(title, len(ones), (_entry(one, folder) for one in ones))


def _entry(one: Outcome, folder: Path) -> Entry:
    wanted = one.wanted
    label = "no digit" if wanted.label == NO_DIGIT else wanted.label
    alt = f"{wanted.file}, labelled {label}, read as {one.answer or 'nothing'}"
    digits = one.reading.digits if one.reading else ()
    return Entry(
        file=wanted.file,
        origin=" · ".join(part for part in (wanted.source, wanted.kind) if part),
        picture=picture(os.fsencode(folder / wanted.file), name=wanted.file, alt=alt),
        label=label,
        answer=one.answer or "-",
        verdict=one.verdict,
        confidence=percent(one.reading.confidence) if one.reading and digits else "",
        reason=one.reason or "",
        digits=tuple(map(_seen, digits)),
    )


def _seen(digit: Digit) -> SeenDigit:
    likeliest = sorted(range(len(digit.probabilities)), key=lambda label: -digit.probabilities[label])[:_NAMED]
    return SeenDigit(
        data_address(digit.crop), tuple((label, percent(digit.probabilities[label])) for label in likeliest)
    )
