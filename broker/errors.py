"""What can go wrong with the broker."""


class BrokerUnavailable(Exception):  # noqa: N818 - named for what is wrong
    """No broker can be reached or started; the text says why."""
