"""The app for Celery's monitor: `celery --app worker.monitor flower` hears the workers of this installation."""

from broker.address import address_of
from settings import load_settings
from worker.app import make_app

app = make_app(address_of(load_settings()), events=True)
