"""Match a column with a pattern as a shell has it, alike on every database."""

import re

from sqlalchemy import ColumnElement, false

#: A set of characters in brackets. As in a shell, `]` may come first.
_SET = re.compile(r"\[([!^]?)(\]?[^]]*)\]")
#: Characters that a set of PostgreSQL's takes for more than themselves.
_SPECIAL = re.compile(r"[\[\\]")


def matches(column: ColumnElement[str], pattern: str, dialect: str) -> ColumnElement[bool]:
    """Give the condition for texts that match: `*` is any text, also slashes, `?` a character, `[a-z]` one of these."""
    if dialect == "sqlite":  # where only ^ negates a set
        return column.op("GLOB", is_comparison=True)(_SET.sub(lambda found: found[0].replace("[!", "[^"), pattern))
    regex = _regex(pattern)
    try:
        re.compile(regex)
    except re.error:  # a set such as [z-a] matches nothing, where PostgreSQL would complain
        return false()
    return column.op("~", is_comparison=True)(regex)


def _regex(pattern: str) -> str:
    """Write the pattern as a regular expression of PostgreSQL's."""
    written, place = "", 0
    while place < len(pattern):
        if found := _SET.match(pattern, place):
            inside = _SPECIAL.sub(r"\\\g<0>", found[2])
            written += f"[{'^' if found[1] else ''}{inside}]"
            place = found.end()
            continue
        written += {"*": ".*", "?": "."}.get(pattern[place], re.escape(pattern[place]))
        place += 1
    return rf"\A{written}\Z"
