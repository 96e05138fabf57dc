"""How the ledger came to its tables."""
