"""See every file dropped into the folder, write its ledger row, enqueue it."""
