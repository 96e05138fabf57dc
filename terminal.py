"""Keep text that others wrote from acting on a terminal."""

import unicodedata

#: Joins the parts of one emoji; the only invisible character without which ordinary names would look broken.
_JOINER = "\u200d"


def printable(text: str) -> str:
    r"""Show what a terminal would act upon instead of showing it: a newline is `\n`, an escape `\x1b`.

    Also controls, surrogates, text direction overrides and invisible characters. The result is one line. Safe to call
    twice.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character == _JOINER or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
