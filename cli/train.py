"""Train a model here, with its progress on the screen, or hand the training to the trainer worker."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from broker.address import address_of
from broker.client import Client
from broker.connection import ping
from cli.errors import CommandFailed
from presentation.text import say
from settings import Settings

if TYPE_CHECKING:
    from trainer.network import Architecture
    from trainer.train import NetworkName


def train(  # noqa: PLR0913 - one option each
    settings: Settings,
    *,
    architecture: str,
    only: str | None,
    further: bool,
    epochs: int | None,
    force: bool,
    queue: bool,
) -> None:
    """Train a new version and print what it brought, or with `queue` only ask the trainer worker for it.

    Raises TrainingError, or with `queue` BrokerUnavailable.
    """
    if queue:
        chosen = {"--only": only, "--further": further, "--force": force, "--architecture": architecture != "cnn"}
        _ask(settings, epochs, chosen=chosen)
        return
    from trainer.screen import shown_progress, summary  # noqa: PLC0415 - not needed to ask for one
    from trainer.train import train as start  # noqa: PLC0415 - likewise

    with shown_progress() as on_progress:
        published = start(
            settings.model_dir,
            architecture=cast("Architecture", architecture),
            only=cast("NetworkName | None", only),
            further=further,
            epochs=epochs,
            mnist_path=settings.mnist_path,
            force=force,
            on_progress=on_progress,
        )
    say(summary(published))


def _ask(settings: Settings, epochs: int | None, *, chosen: Mapping[str, object]) -> None:
    for option in (name for name, value in chosen.items() if value):
        raise CommandFailed(f"{option} trains here and now: leave out --queue")
    address = address_of(settings)
    ping(address.url)
    client = Client(address)
    try:
        client.train(epochs=epochs)
    finally:
        client.close()
    say("The training is queued; `digits status` shows how far it is.")
