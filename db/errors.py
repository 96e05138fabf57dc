"""What can go wrong with the ledger.

LedgerError
├── DatabaseUnavailable   it can't be reached, opened or written
│   └── LedgerGone        its SQLite file is not there any more
└── NotMigrated           its tables are missing, or older or newer than this code
"""


class LedgerError(Exception):
    """The root of this room's errors; its text is one plain sentence."""


class DatabaseUnavailable(LedgerError):  # noqa: N818 - named for what is wrong
    """The database can't be reached, opened or written."""


class LedgerGone(DatabaseUnavailable):
    """The SQLite file is not there any more."""


class NotMigrated(LedgerError):  # noqa: N818 - named for what is wrong
    """The database does not have this version's tables."""
