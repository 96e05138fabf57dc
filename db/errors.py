"""What can go wrong with the ledger.

LedgerError
├── DatabaseUnavailable   it can't be reached, opened or written, or its tables are away
│   └── LedgerGone        its SQLite file is not there any more
├── ValueRefused          it can't hold a value that it was given
├── NotMigrated           its tables are missing, or older than this code
└── LedgerTooNew          its tables are of a version that this code does not know
"""


class LedgerError(Exception):
    """The root of this room's errors; its text is one plain sentence."""


class DatabaseUnavailable(LedgerError):  # noqa: N818 - named for what is wrong
    """The database can't be reached, opened or written."""


class ValueRefused(LedgerError):  # noqa: N818 - named for what is wrong
    """The database can't hold a value: its encoding has no such letter, or an index no room."""


class LedgerGone(DatabaseUnavailable):
    """The SQLite file is not there any more."""


class NotMigrated(LedgerError):  # noqa: N818 - named for what is wrong
    """The database does not have this version's tables, and a migration makes them."""


class LedgerTooNew(LedgerError):  # noqa: N818 - named for what is wrong
    """A newer version made or migrated the tables. No migration of this one helps."""
