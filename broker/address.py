"""Where one installation's messages are: a Redis, and the namespace that keeps them apart from other installations'."""

from dataclasses import dataclass

from broker.server import embedded_url
from settings import Settings


@dataclass(frozen=True)
class Address:
    """A Redis by its URL, and the installation's namespace there."""

    url: str
    namespace: str

    @property
    def prefix(self) -> str:
        """What all our keys and channels begin with."""
        return f"{self.namespace}:"

    def key(self, name: str) -> str:
        """Give the name of one of our keys as Redis has it."""
        return self.prefix + name


def address_of(settings: Settings) -> Address:
    """Give the broker to use: the Redis that is set, else the embedded one."""
    return Address(settings.redis_url or embedded_url(settings.var_dir), settings.redis_namespace)
