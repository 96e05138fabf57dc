"""Have a database take all items but those that it refuses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from db.errors import ValueRefused

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Refusal(Generic[_Item]):
    """An item that the database can't hold, and its reason in ASCII: any database can hold that."""

    item: _Item
    reason: str


def in_halves(
    items: Sequence[_Item], run: Callable[[Sequence[_Item]], Sequence[_Result]]
) -> tuple[list[_Result], list[Refusal[_Item]]]:
    """Run for all items together; after a refusal for each half, down to the single items that are refused.

    Give the results of `run` and the refusals. `run` must be one transaction. Raises DatabaseUnavailable.
    """
    try:
        return list(run(items)), []
    except ValueRefused as error:
        if len(items) == 1:
            return [], [Refusal(items[0], ascii_text(str(error)))]
    results: list[_Result] = []
    refusals: list[Refusal[_Item]] = []
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        found, refused = in_halves(half, run)
        results += found
        refusals += refused
    return results, refusals


def ascii_text(text: str) -> str:
    """Write a text so that a database of any encoding can hold it."""
    return text.encode("ascii", "backslashreplace").decode("ascii")
