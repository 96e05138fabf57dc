"""Make a SQLite ledger of many answered files, and the first of these files in a folder."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text

from db import paths
from db.engine import Database
from db.migrate import migrate

#: Bytes of a made file, and when it was last changed: long ago, so that it is complete at the first look.
FILE_BYTES, FILE_SECONDS = 100, 1_700_000_000
#: Milliseconds between two answers.
PACE_MS = 5

# One file in a thousand fails, two in a hundred each are rejected or to be reviewed, one in ten holds four digits. The
# names say nothing about their order, so that each new one has its place on another page of the ledger's index.
_IMAGES = text(f"""
    INSERT INTO images (
        id, folder, path, size, mtime_ns, status, attempts, hash, reason, reading, confidence, model_version,
        dark_on_light, first_seen_ms, recognized_ms, written
    )
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows),
    outcomes AS (
        SELECT n, n % 10 <> 0 AS single, CASE
            WHEN n % 1000 = 0 THEN 'failed' WHEN n % 50 = 1 THEN 'rejected' WHEN n % 50 = 2 THEN 'review'
            ELSE 'accepted' END AS status
        FROM numbers
    ),
    answers AS (
        SELECT n, status, CASE WHEN status IN ('accepted', 'review')
            THEN iif(single, n * 7 / 3 % 10, printf('%04d', n / 10 % 10000)) END AS reading
        FROM outcomes
    )
    SELECT
        n, :folder, lower(hex(randomblob(8))) || '.png', {FILE_BYTES}, {FILE_SECONDS}000000000, status, 1,
        lower(hex(randomblob(32))),
        CASE status WHEN 'failed' THEN 'not an image' WHEN 'rejected' THEN 'no digit found'
            WHEN 'review' THEN 'not sure: 4 or 9' END,
        reading,
        CASE status WHEN 'accepted' THEN 0.9 + n * 37 % 1000 / 10001.0 WHEN 'review' THEN n * 37 % 800 / 1000.0 END,
        1, 1, :now - (:rows - n) * {PACE_MS} - 500, :now - (:rows - n) * {PACE_MS}, reading
    FROM answers
""")  # noqa: S608 - numbers of ours
_PROBABILITIES = ", ".join(f"iif(label = {label}, 0.991, 0.001)" for label in range(10))
_DIGITS = text(f"""
    INSERT INTO digits
    SELECT id, position, label, 0.991, 20 * position, 10, 18, 20, {_PROBABILITIES}
    FROM (
        SELECT id, position, CAST(substr(reading, position + 1, 1) AS INTEGER) AS label
        FROM images JOIN (SELECT 0 AS position UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)
            ON length(reading) > position
    )
    ORDER BY id, position
""")  # noqa: S608 - likewise


def empty_ledger(path: Path) -> Database:
    """Make a ledger without rows."""
    database = Database(f"sqlite:///{path}")
    migrate(database)
    return database


def full_ledger(path: Path, folder: Path, rows: int) -> Database:
    """Make a ledger in which `rows` files of `folder` are answered, one every few milliseconds until now."""
    database = empty_ledger(path)
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA cache_size = -1000000")  # names in no order want the whole index at hand
        values = {"rows": rows, "folder": paths.folder_text(folder, database.url), "now": time.time_ns() // 1_000_000}
        connection.execute(_IMAGES, values)
        connection.execute(_DIGITS)
    database.close()
    return database


def write_known(database: Database, folder: Path, count: int) -> None:
    """Write the first `count` files of a full ledger, just as it knows them."""
    with database.reading() as connection:
        first = text("SELECT path FROM images WHERE id <= :count")
        names = connection.execute(first, {"count": count}).scalars().all()
    write_files(folder, names)


def write_files(folder: Path, names: Sequence[str]) -> None:
    """Write files that were last changed long ago."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(b"7" * FILE_BYTES)
        os.utime(folder / name, (FILE_SECONDS, FILE_SECONDS))
