"""Celery and what runs in it: thin tasks, the producers' door, this process's model."""
