"""Celery and what runs in it: thin tasks, this process's model."""
