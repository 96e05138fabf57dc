"""A ledger with one row of every kind, for what the commands show of it."""

from db import claims
from db.tables import Status

LONG = "2026/scans/" + "x" * 200 + "_cellar.png"
NASTY = "<img src=x onerror=alert(1)>\n\x1b[31m\u202e.png"
ROWS: list[tuple[str, str | None, float | None, Status, str | None]] = [
    ("seven.png", "7", 0.9991, Status.ACCEPTED, None),
    ("phone.png", "0472", 0.97, Status.ACCEPTED, None),
    ("=cmd+calc.png", "3", 0.999, Status.ACCEPTED, None),
    (LONG, "98125", 0.88, Status.ACCEPTED, None),
    ("four or nine.png", "9", 0.53, Status.REVIEW, "not sure: 9 or 4"),
    ("pi.png", "31415926535897932384626433832795", 0.71, Status.REVIEW, "not sure: 6 or 0 (digit 8 of 32)"),
    (NASTY, "4", 0.9, Status.ACCEPTED, None),
    ("blank.png", "", 0.0, Status.REJECTED, "no digit found"),
    ("notes.png", None, None, Status.FAILED, "not an image"),
    ("waiting.png", None, None, Status.QUEUED, None),
]


def answer(  # noqa: PLR0913 - what an answer has
    row_id: int, reading: str | None, confidence: float | None, status: Status, reason: str | None,
    *, written: str | None = None,
) -> claims.Answer:  # fmt: skip
    """Make the answer to a row, with a digit for each of the reading's."""
    digits = tuple(
        claims.DigitRow(
            int(label), 0.9, (10 * place, 5, 8, 12), tuple(0.9 if str(one) == label else 0.0111 for one in range(10))
        )
        for place, label in enumerate(reading or "")
    )
    return claims.Answer(row_id, status, reason, reading, confidence, 3, "0" * 64, True, digits, written or reading)  # noqa: FBT003 - no name
