"""Count how many of the ledger's readings of MNIST files are right: `python -m bench.accuracy`.

The label is what stands between `-` and `.png` in a file's name, as bench.mnist_folder writes it. Reads the `results`
view and nothing else. `digits evaluate` measures other images.
"""

import sys
from pathlib import Path

from sqlalchemy import text

from db.engine import Database
from settings import load_settings


def counted() -> tuple[int, int, int, int]:
    """Give the numbers of files, right readings, accepted ones, and wrong ones among those."""
    files = right = accepted = accepted_wrong = 0
    with Database(load_settings().database_url).reading() as connection:
        for path, reading, status in connection.execute(text("SELECT path, reading, status FROM results")):
            is_right = reading == Path(path).stem.rpartition("-")[2]
            files += 1
            right += is_right
            accepted += status == "accepted"
            accepted_wrong += status == "accepted" and not is_right
    return files, right, accepted, accepted_wrong


if __name__ == "__main__":
    files, right, accepted, accepted_wrong = counted()
    if not accepted:
        sys.exit("the ledger holds nothing that was accepted")
    print(f"{files:,} files: {right / files:.2%} right, {accepted / files:.2%} accepted")
    print(f"of the accepted ones {accepted_wrong / accepted:.2%} are wrong")
