"""Name what a number is written with: ten digits, the signs between them, and marks that are neither."""

from enum import IntEnum


class Symbol(IntEnum):
    """The classes of the number reader beside the digits, whose class is their value."""

    POINT = 10
    COMMA = 11
    DASH = 12
    SLASH = 13
    COLON = 14
    EQUALS = 15
    OTHER = 16
    NOTHING = 17


#: What stands in `written` for each class up to the last sign.
CHARACTERS = "0123456789.,-/:="
SYMBOLS = len(Symbol) + 10
