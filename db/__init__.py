"""The ledger: tables, sessions, queries and migrations."""
