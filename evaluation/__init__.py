"""Measure the active model on a user's own labelled images: `digits evaluate`."""
