"""Take a reading as a person types it."""

from dataclasses import dataclass

from recognizer.errors import NoReading
from recognizer.symbols import CHARACTERS

#: Characters of the longest reading. An entry of PostgreSQL's index has room for 2,704 bytes.
MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Typed:
    """A reading: `reading` has the digits alone, `written` also the signs, and one space between two numbers."""

    reading: str
    written: str


def typed(text: str) -> Typed:
    """Give the reading that a text stands for. Raises NoReading."""
    written = " ".join(text.split())
    if len(written) > MOST_CHARACTERS:
        raise NoReading(f"a reading has at most {MOST_CHARACTERS} characters, and this one has {len(written)}")
    if not set(written) <= {*CHARACTERS, " "}:
        raise NoReading(f"'{written}' is no reading: a reading has the digits 0 to 9, the signs . , - / : = and spaces")
    reading = "".join(filter(str.isdigit, written))
    if not reading:
        raise NoReading(
            f"'{written}' has no digit: --no-digit says that there is none, --unreadable that nobody can read it"
        )
    return Typed(reading, written)
